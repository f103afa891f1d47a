#!/bin/sh
# Runs a program with another root: in-root.sh ROOT PROGRAM...
#
# Programs there want /dev/null and, some, /proc. ISOLATED=yes says that this shell has a mount namespace of its own:
# then they are mounted. In a container that may not mount they are made, and where not even that is allowed, an empty
# file stands in for /dev/null, which does for the programs of the build. Nothing stays in ROOT/dev.
set -eu
# chroot is there, and who is no root outside of this build may not have it in the path.
PATH=$PATH:/usr/sbin:/sbin
root=$1
shift
devices="null:3 zero:5 full:7 random:8 urandom:9"

empty_dev() {
	find "$root/dev" -mindepth 1 -xdev -delete
}

if [ "${ISOLATED:-no}" = yes ]; then
	mount -t tmpfs -o mode=0755 netherd-dev "$root/dev"
	for device in $devices; do
		: >"$root/dev/${device%:*}"
		mount --bind "/dev/${device%:*}" "$root/dev/${device%:*}"
	done
	mount -t proc proc "$root/proc"
else
	trap empty_dev EXIT
	trap 'exit 1' HUP INT TERM
	empty_dev
	for device in $devices; do
		path=$root/dev/${device%:*}
		mknod "$path" c 1 "${device#*:}" 2>/dev/null || :
		# Made, but not to be opened: a file system that is mounted with nodev.
		if ! sh -c ': >"$1"' sh "$path" 2>/dev/null; then
			rm -f "$path"
			: >"$path"
		fi
		chmod 666 "$path"
	done
fi
ln -s /proc/self/fd "$root/dev/fd"

# The environment of the build is not the root's affair.
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/var/tmp HOME=/root \
	${SOURCE_DATE_EPOCH:+"SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"} "$@"
