#!/bin/sh
# For 50-network-lease.test.ts: as PID 1 of namespaces of its own (unshare --net --mount --pid --mount-proc --fork).
#   lease.sh WORK yes|no PROGRAM…     whether a DHCP server answers
# WORK/root holds the files that the step wrote, PROGRAM is what it runs after that. Prints what the interface looked like, in sections.
set -eu
work=$1 dhcp=$2
shift 2

mount --make-rprivate /
ip link set lo up
unshare --net sleep 300 &
server=$!
# networkd takes a read-only /sys for a container's and does without udev.
mount -t sysfs -o ro sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/network /run/systemd/networkd.conf.d
chown -R systemd-network: /run/systemd/netif
# The interface here is one half of a veth pair, which is what Kind= keeps out.
sed '/^Kind=/d' "$work/root/etc/systemd/network/05-netherd.network" >/run/systemd/network/05-netherd.network
cp "$work/root/etc/systemd/networkd.conf.d/netherd.conf" /run/systemd/networkd.conf.d/

until [ "$(readlink "/proc/$server/ns/net")" != "$(readlink /proc/1/ns/net)" ]; do sleep 0.05; done
ip link add name node0 address 52:54:00:00:00:01 type veth peer name server0 netns "$server"
nsenter --target "$server" --net ip addr add 192.0.2.1/24 dev server0
nsenter --target "$server" --net ip link set server0 up
[ "$dhcp" = no ] || nsenter --target "$server" --net dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
	--user=root --interface=server0 --bind-interfaces --dhcp-range=192.0.2.10,192.0.2.99,2m \
	--dhcp-host=52:54:00:00:00:01,192.0.2.10 --dhcp-option=option:router,192.0.2.254 --dhcp-leasefile=/run/leases \
	--log-facility="$work/dnsmasq.log" &

# What the initramfs leaves (ipconfig of klibc), and routes and a rule of a network plugin.
ip link set node0 up
ip addr add 192.0.2.10/24 dev node0
ip route add default via 192.0.2.254 dev node0
ip route add 10.244.0.0/16 dev node0 proto bird
ip route add blackhole 10.245.0.0/16 proto bird
ip rule add from 10.244.0.0/16 table 200

show() {
	echo "== $1"
	ip -4 -brief addr show dev node0
	ip -4 route show
	ip rule show table 200
}

show "before"
"$@"
show "before networkd"
"$@"
show "when run again"
SYSTEMD_LOG_LEVEL=debug /usr/lib/systemd/systemd-networkd >"$work/networkd.log" 2>&1 &
networkd=$!
if [ "$dhcp" = yes ]; then
	until ip -4 route show default proto dhcp | grep -q .; do sleep 0.1; done
else
	# By then it has dropped what it does not keep.
	until grep -q "DHCPv4 client: DISCOVER" "$work/networkd.log"; do sleep 0.1; done
fi
show "with networkd"
kill "$networkd"
wait "$networkd" || true
show "after networkd"
echo "== lease"
cat /run/leases 2>/dev/null || true
echo "== complaints"
grep -iE "unknown|failed to parse" "$work/networkd.log" || true
