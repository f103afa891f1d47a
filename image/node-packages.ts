/** Debian packages of every node image; a recipe adds its own. */
export const nodePackages: readonly string[] = [
	// The system.
	"systemd",
	"systemd-sysv",
	"systemd-timesyncd",
	"udev",
	"dbus",
	"kmod",
	"util-linux",
	"procps",
	"busybox",
	"tzdata",
	"netbase",
	"ca-certificates",
	// The agent is a Node executable.
	"libstdc++6",
	"libgcc-s1",
	"libatomic1",
	// What kubeadm, the kubelet and kube-proxy run or check for.
	"containerd",
	"iproute2",
	"iptables",
	"conntrack",
	"ethtool",
	"socat",
	// What lts.conf can ask for.
	"openssh-server",
	"lvm2",
	"nbd-client",
	// What makes the initramfs; zstd compresses it.
	"initramfs-tools",
	"zstd",
	// For people.
	"iputils-ping",
	"less",
];
