#!/bin/sh
# Boots netherd into $NEWROOT, sourced by dracut's mount hook.
# shellcheck disable=SC2154 # dracut's variables

. /usr/share/netherd/boot.sh

netherd_complain() {
	warn "$1"
}

# Static addresses, and several interfaces without BOOTIF=; in the words of klibc's ipconfig, which the agent reads, too:
# ip=ADDRESS:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:off
netherd_network_otherwise() {
	case "$IP" in
	*.*:*) netherd_static_address ;;
	*:*) DEVICE=$(echo "$IP" | cut -d : -f 6) netherd_dhcp ;;
	*) netherd_dhcp_anywhere ;;
	esac
}

netherd_static_address() {
	DEVICE=$(echo "$IP" | cut -d : -f 6)
	if [ -z "$DEVICE" ] && ! netherd_wait_for_interface; then
		netherd_complain "netherd: ip=$IP names no interface, and neither does BOOTIF="
		return
	fi
	netherd_wait_for_link 10
	netmask=$(echo "$IP" | cut -d : -f 4)
	# The script's variables are those of busybox udhcpc.
	interface=$DEVICE ip=${IP%%:*} mask=${netmask:-255.255.255.0} subnet=${netmask:-255.255.255.0} \
		siaddr=$(echo "$IP" | cut -d : -f 2) router=$(echo "$IP" | cut -d : -f 3) \
		hostname=$(echo "$IP" | cut -d : -f 5) /usr/share/netherd/udhcpc-script bound
}

# The first interface that is answered, for a minute.
netherd_dhcp_anywhere() {
	deadline=$(($(netherd_uptime) + 60))
	while [ "$(netherd_uptime)" -lt "$deadline" ]; do
		for interface in /sys/class/net/*; do
			[ "$(cat "$interface/type")" = 1 ] || continue
			DEVICE=${interface##*/}
			netherd_wait_for_link 2 && netherd_udhcpc -t 3 -T 1 && return
		done
	done
	netherd_complain "netherd: no DHCP server answered on any interface within 60 s (see /run/netherd-udhcpc.log)"
}

if netherd_is_wanted && ! ismounted "$NEWROOT"; then
	IP=$(getarg ip=)
	# shellcheck disable=SC2034 # for boot.sh
	BOOTIF=$(getarg BOOTIF=)
	netherd_connect
	# The agent has said why it fails, and has counted down or given a shell; this is for an agent that could not.
	netherd_run_agent "$NEWROOT" ||
		die "netherd: the agent ended with exit code $?; the reason is above, and in /run/netherd/agent.log"
fi
