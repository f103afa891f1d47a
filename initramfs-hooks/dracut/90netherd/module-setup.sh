#!/bin/bash
# Puts netherd's agent into an initramfs that dracut(8) makes, with the libraries, programs, kernel modules and small files
# that it needs. The hooks beside it stay inert until the command line asks for them.
# shellcheck disable=SC2154 # dracut's variables

netherd_shared=/usr/share/netherd
netherd_agent=/usr/lib/netherd/agent

check() {
	require_binaries "$netherd_agent" busybox || return 1
	# Not on its own: `add_dracutmodules+=" netherd "`.
	return 255
}

depends() {
	echo base
}

installkernel() {
	local words
	words=$(sed 's/#.*//' "$netherd_shared/initramfs-modules")
	# All of them, also when the initramfs is for this machine only.
	# shellcheck disable=SC2086 # a list of words
	hostonly='' instmods $words =drivers/net/ethernet =drivers/net/phy =drivers/net/mdio \
		vmxnet3 hv_netvsc xen-netfront
}

install() {
	local program programs
	readarray -t programs < <(sed '/^$/d;/^nbd-client$/d' "$netherd_shared/initramfs-programs")
	inst_binary "$netherd_agent"
	inst_multiple "${programs[@]}" cat cut env grep ip seq sleep sort tr xargs
	inst_multiple -o nbd-client ||
		dwarn "netherd: no nbd-client on this system: LTSP_NBD_TO_RAM = false will not work"
	inst_binary busybox
	ln_r "$(command -v busybox)" /usr/bin/udhcpc
	sh "$netherd_shared/fill-initramfs" "$initdir" || {
		dfatal "netherd: cannot copy its files"
		exit 1
	}
	inst_hook cmdline 95 "$moddir/netherd-cmdline.sh"
	inst_hook mount 05 "$moddir/netherd-mount.sh"
	# With systemd in the initramfs, these wait for a device that root= names; ours is none. One may only come later.
	if dracut_module_included systemd; then
		for program in systemd-fstab-generator dracut-rootfs-generator; do
			inst_script "$moddir/netherd-generator.sh" "/etc/systemd/system-generators/$program"
		done
	fi
}
