#!/bin/sh
# For boot-script.test.ts, in namespaces of its own (unshare --net --uts --mount --pid --mount-proc --fork): a DHCP server in one network
# namespace, and the unpacked initramfs as root in another, with the interfaces node0 and node1.
#   network.sh INITRAMFS WORK INTERFACES HOOK NAME=VALUE…
# HOOK is the script that has the functions; the variables are as init sets them from the command line.
# Prints sections: variables, answer, addresses, routes, resolver.
set -eu
initramfs=$1 work=$2 interfaces=$3 hook=$4
shift 4

mount --make-rprivate /
mount --bind "$initramfs" "$initramfs"
mount -t proc proc "$initramfs/proc" 2>/dev/null || { mkdir -p "$initramfs/proc" && mount -t proc proc "$initramfs/proc"; }
mkdir -p "$initramfs/sys" "$initramfs/dev" "$initramfs/run"
mount -t sysfs sysfs "$initramfs/sys"
mount --bind /dev "$initramfs/dev"
mount -t tmpfs tmpfs "$initramfs/run"
mount -t tmpfs tmpfs "$initramfs/etc"
cp "$hook" "$initramfs/run/hook"

unshare --net sleep 300 &
server=$!
until [ "$(readlink "/proc/$server/ns/net")" != "$(readlink /proc/1/ns/net)" ]; do sleep 0.05; done
ip link set lo up
for number in $(seq 0 $((interfaces - 1))); do
	ip link add name "node$number" address "52:54:00:00:00:0$number" type veth peer name "server$number" netns "$server"
	nsenter --target "$server" --net ip link set "server$number" up
done
nsenter --target "$server" --net ip addr add 192.0.2.1/24 dev "server$((interfaces - 1))"
nsenter --target "$server" --net dnsmasq --keep-in-foreground --conf-file="$work/dnsmasq.conf" --port=0 --user=root \
	--interface="server$((interfaces - 1))" --bind-interfaces --dhcp-leasefile="$work/leases" \
	--log-facility="$work/dnsmasq.log" &
until grep -q "DHCP, IP range" "$work/dnsmasq.log" 2>/dev/null; do sleep 0.05; done

# shellcheck disable=SC2016 # for the shell in there
chroot "$initramfs" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin quiet=y "$@" /bin/sh -c '
	starttime=0
	. /scripts/functions
	# What dracut has for its hooks.
	ismounted() { return 1; }
	warn() { echo "$1" >&2; }
	. /run/hook
	netherd_network >&2
	echo "== variables"
	echo "DEVICE=$DEVICE"
	echo "== answer"
	cat /run/net-*.conf
	echo "== sourced"
	. /run/net-"$DEVICE".conf
	printf "%s\n" "$ROOTPATH"
	echo "== resolver"
	cat /etc/resolv.conf
	echo "== files in /run"
	ls /run | grep -vx hook
'
echo "== addresses"
ip -4 -brief addr show
echo "== routes"
ip -4 route show
kill "$server"
