# shellcheck shell=sh
# What every initramfs does to boot netherd, sourced by the script of initramfs-tools and by that of dracut. They set before
# IP and BOOTIF (values of these kernel parameters, or empty), and have functions of their own:
#   netherd_complain TEXT       shows a failure
#   netherd_network_otherwise   configures the network when DHCP on the one interface of netherd_dhcp is not what is wanted

# LTSP 5 boots with `root=/dev/nbd0` and no `boot=`; ours is `boot=netherd`. The last of several counts.
netherd_is_wanted() {
	netherd_wanted=n
	netherd_boot=
	# shellcheck disable=SC2013 # words, not lines
	for netherd_word in $(cat /proc/cmdline); do
		case "$netherd_word" in
		root=/dev/nbd0) netherd_wanted=y ;;
		root=*) netherd_wanted=n ;;
		boot=*) netherd_boot=${netherd_word#boot=} ;;
		esac
	done
	case "$netherd_boot" in
	netherd) return 0 ;;
	'') [ "$netherd_wanted" = y ] ;;
	*) return 1 ;;
	esac
}

netherd_connect() {
	netherd_load_drivers
	netherd_network
	netherd_load_keyboard &
}

# The agent does everything else, and leaves the new root at $1.
netherd_run_agent() {
	# Kernel parameters that look like variables are in this environment, NODE_OPTIONS for instance.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TERM="${TERM:-linux}" NO_COLOR=1 \
		/usr/lib/netherd/agent boot --new-root "$1"
}

# One interface that is known, and DHCP: busybox udhcpc, which takes 0.1 s. Everything else (static addresses, several
# interfaces without BOOTIF=, no busybox) is left to the initramfs's own means.
netherd_network() {
	case "${IP:-}" in
	none | off) return ;;
	'' | on | any | dhcp) ;;
	*)
		netherd_network_otherwise
		return
		;;
	esac
	if ! command -v udhcpc >/dev/null; then
		netherd_network_otherwise
		return
	fi
	netherd_wait_for_interface
	case "$?" in
	0) [ -e "/run/net-$DEVICE.conf" ] || netherd_dhcp ;;
	1) netherd_network_otherwise ;;
	esac
}

netherd_dhcp() {
	netherd_wait_for_link 10
	# 60 s: a switch port with spanning tree forwards after 30.
	netherd_udhcpc -t 30 -T 2 && return
	netherd_complain "netherd: no DHCP server answered on $DEVICE within 60 s (see /run/netherd-udhcpc.log)"
}

# A link takes seconds to negotiate; what is sent before that is lost. $1: how many seconds at most.
netherd_wait_for_link() {
	ip link set dev "$DEVICE" up
	for _ in $(seq "$(($1 * 10))"); do
		[ "$(cat "/sys/class/net/$DEVICE/carrier" 2>/dev/null)" != 1 ] || return 0
		sleep 0.1
	done
	return 1
}

netherd_udhcpc() {
	udhcpc -q -n -f "$@" -i "$DEVICE" -s /usr/share/netherd/udhcpc-script \
		-O rootpath -O search -O nisdomain -O mtu >/run/netherd-udhcpc.log 2>&1
}

# Without udev in the initramfs, which takes seconds to look at every device, only what a network needs: PCI devices of
# class 2, and what hypervisors offer. With an argument: the devices whose modalias matches it.
netherd_load_drivers() {
	! command -v udevadm >/dev/null || return 0
	# Twice: a virtio device appears on its bus only when the PCI device has its driver.
	for _ in 1 2; do
		cat /sys/bus/*/devices/*/modalias 2>/dev/null |
			grep -E "${1:-^pci:.*bc02|^pci:v00001AF4|^virtio:|^vmbus:|^xen:}" |
			sort -u | xargs -r modprobe -abq
	done
}

# For the shell after a failed boot; remote consoles of servers are USB keyboards.
netherd_load_keyboard() {
	! command -v udevadm >/dev/null || return 0
	! grep -qs 'bc0Csc03' /sys/bus/pci/devices/*/modalias || modprobe -aq xhci_pci ehci_pci ohci_pci uhci_hcd usbhid hid_generic
}

# Sets DEVICE to the interface that the machine booted from, or to the only one; waits for its driver.
# 0: found; 1: several, and BOOTIF= does not say which; 2: none.
netherd_wait_for_interface() {
	deadline=$(($(netherd_uptime) + 60))
	tries=0
	while [ "$(netherd_uptime)" -lt "$deadline" ]; do
		netherd_find_interface
		case "$?" in
		0) return 0 ;;
		1) return 1 ;;
		esac
		tries=$((tries + 1))
		# Behind a bus that needs a driver of its own, USB for instance.
		if [ "$((tries % 20))" = 0 ]; then netherd_load_drivers .; fi
		sleep 0.1
	done
	# shellcheck disable=SC2012 # interface names
	netherd_complain "netherd: no network interface ${BOOTIF:+with address $BOOTIF }in 60 s; there are: $(ls /sys/class/net | tr '\n' ' ')"
	return 2
}

netherd_uptime() {
	cut -d . -f 1 /proc/uptime
}

netherd_find_interface() {
	found=
	# 01-52-54-00-12-34-56, with or without the hardware type in front, in any case.
	wanted=$(echo "${BOOTIF:-}" | tr 'A-F-' 'a-f:')
	for interface in /sys/class/net/*; do
		# Ethernet; loopback and tunnels are of other types (include/uapi/linux/if_arp.h).
		[ "$(cat "$interface/type")" = 1 ] || continue
		if [ -n "$wanted" ]; then
			case "$wanted" in
			*"$(cat "$interface/address")") ;;
			*) continue ;;
			esac
		fi
		[ -z "$found" ] || return 1
		found=${interface##*/}
	done
	[ -n "$found" ] || return 2
	DEVICE=$found
}
