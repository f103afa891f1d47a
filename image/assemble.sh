#!/bin/sh
# Stage 2 of an image: lays netherd's files over the base root, makes the initramfs there, and packs the result.
# Runs in a mount namespace of its own (unshare --mount), so nothing stays mounted however it ends.
#
# From the environment: BASE (squashfs of stage 1), LAYER (folder with the files), OUTPUT (folder), SQUASHFS_LEVEL,
# SOURCE_DATE_EPOCH. Leaves in OUTPUT: vmlinuz, initramfs.img, image.squashfs, kernel-release.
# Lines that begin with `phase: ` are for people. Exit codes: 3 no kernel, 4 no initramfs, 5 no agent in it, 6 no squashfs.
set -eu

# In memory: overlayfs does not work over another overlay, which is what a container's disk is.
work=$OUTPUT/work
mkdir "$work"
mount -t tmpfs -o mode=0755 netherd-image "$work"
mkdir "$work/base" "$work/upper" "$work/overlay" "$work/root"
mount -t squashfs -o loop,ro "$BASE" "$work/base"
mount -t overlay -o "lowerdir=$work/base,upperdir=$work/upper,workdir=$work/overlay" overlay "$work/root"
root=$work/root

echo "phase: laying netherd's files over the base root"
cp -a "$LAYER/." "$root/"

# systemd rebuilds caches when /usr is newer than these (systemd.unit(5), ConditionNeedsUpdate=).
touch "$root/etc/.updated" "$root/var/.updated"

# shellcheck disable=SC2012 # file names of Debian kernels
release=$(ls "$root/boot" | sed -n 's/^vmlinuz-//p' | sort -V | tail -n 1)
[ -n "$release" ] || exit 3

echo "phase: mkinitramfs for kernel $release"
mount -t proc proc "$root/proc"
chroot "$root" env -i PATH=/usr/sbin:/usr/bin TMPDIR=/var/tmp SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
	mkinitramfs -o /var/tmp/initramfs.img "$release" || exit 4
umount "$root/proc"
chroot "$root" env -i PATH=/usr/sbin:/usr/bin TMPDIR=/var/tmp lsinitramfs /var/tmp/initramfs.img >"$OUTPUT/initramfs-files"
grep -qx usr/lib/netherd/agent "$OUTPUT/initramfs-files" || exit 5
mv "$root/var/tmp/initramfs.img" "$OUTPUT/initramfs.img"

cp "$root/boot/vmlinuz-$release" "$OUTPUT/vmlinuz"
echo "$release" >"$OUTPUT/kernel-release"
# The node gets kernel and initramfs from the server; kubeadm reads /boot/config-*.
rm -rf "$root"/boot/vmlinuz-* "$root"/boot/initrd.img-* "$root"/boot/System.map-* "$root"/vmlinuz* "$root"/initrd.img*
find "$root/dev" "$root/var/tmp" "$root/var/log" -mindepth 1 -delete

echo "phase: mksquashfs, zstd level $SQUASHFS_LEVEL"
mksquashfs "$root" "$OUTPUT/image.squashfs" -comp zstd -Xcompression-level "$SQUASHFS_LEVEL" -b 131072 \
	-noappend -no-progress -quiet || exit 6
