#!/bin/sh
# Compiles kernel modules for the kernel that is installed, with DKMS, and leaves them below $2/usr/lib/modules.
# What: every folder of /usr/src with a dkms.conf, and the packages $1. Without either, nothing is installed nor compiled.
set -eu
packages=$1 out=$2
mkdir -p "$out"
sources=$(find /usr/src -mindepth 2 -maxdepth 2 -name dkms.conf)
[ -n "$sources$packages" ] || exit 0

# shellcheck disable=SC2012 # names of kernels
release=$(ls /usr/lib/modules | sort -V | tail -n 1)
export DEBIAN_FRONTEND=noninteractive
# The archive has headers for its newest kernel only.
apt-get install -qq -y --no-install-recommends dkms "linux-headers-$release" || {
	echo "modules.sh: no headers for the kernel $release: build with --no-cache, so that its packages are new" >&2
	exit 1
}
# Modules are not signed: the key would be another one each time, and no machine would know it.
echo 'sign_file=/bin/true' >/etc/dkms/framework.conf.d/netherd.conf
# shellcheck disable=SC2086 # a list of words
[ -z "$packages" ] || apt-get install -qq -y --no-install-recommends $packages
for file in $sources; do dkms add "${file%/dkms.conf}"; done
dkms autoinstall -k "$release" || {
	tail -n 40 /var/lib/dkms/*/*/build/make.log >&2
	exit 1
}
dkms status -k "$release"
mkdir -p "$out/usr/lib/modules/$release"
cp -a "/usr/lib/modules/$release/updates" "$out/usr/lib/modules/$release/"
