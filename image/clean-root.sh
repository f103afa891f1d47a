#!/bin/sh
# Takes out of a fresh root ($1) what is of the build host, of this very build, or the same secret on every node.
# $2: the date of the archive, in seconds since 1970, in place of the date of the build.
set -eu
root=$1 epoch=$2
cd "$root"

# Each node has its own: the agent makes the machine id, sshd-keygen.service the host keys.
rm -f etc/ssh/ssh_host_*
: >etc/machine-id
rm -f var/lib/dbus/machine-id
# mmdebstrap copies these from the build host.
rm -f etc/hostname etc/resolv.conf
rm -f etc/apt/apt.conf.d/99mmdebstrap

rm -rf var/lib/apt/lists/* var/cache/apt/*.bin var/cache/debconf/*-old var/lib/dpkg/*-old
rm -rf var/cache/ldconfig/aux-cache var/log/* var/tmp/* tmp/* run/*
# Licences stay with what they license.
find usr/share/doc -mindepth 2 -maxdepth 2 ! -name copyright -exec rm -rf {} +
rm -rf usr/share/man usr/share/info usr/share/locale usr/share/lintian
# The sources of hwdb.bin, and containerd's runtimes from before 2020.
rm -rf usr/lib/udev/hwdb.d
rm -f usr/bin/containerd-shim usr/bin/containerd-shim-runc-v1
# One day's password backups and the random seed.
rm -f etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/.pwd.lock var/lib/systemd/random-seed
# The third field says when a password was last changed (shadow(5)).
sed -i "s/^\([^:]*:[^:]*:\)[0-9]\{1,\}:/\1$((epoch / 86400)):/" etc/shadow
