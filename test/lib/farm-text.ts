/** A node of a generated farm. */
export interface FarmNode {
	readonly name: string;
	/** Lower case, colons. */
	readonly mac: string;
	readonly ip: string;
	readonly rack: number;
	readonly role: (typeof roles)[number];
}

const nodesPerRack = 40;
/** Ten workers a rack to each of these. */
const roles = ["worker", "storage", "gpu"] as const;

/** The nodes of a farm with this many, in the order of its file. */
export function farmNodes(count: number): readonly FarmNode[] {
	return Array.from({ length: count }, (_, index) => farmNode(index));
}

/**
 * An lts.conf with a section for the MAC address of every node, as farms generate them from an inventory: each is LIKE a
 * role and a rack, and has a few keys of its own. The same for the same number, always.
 */
export function farmText(count: number): string {
	const nodes = farmNodes(count);
	const racks = [...new Set(nodes.map(({ rack }) => rack))];
	return [head, roleSections, ...racks.map(rackSection), ...nodes.map(nodeSection)].join("\n");
}

/** The same farm some weeks later: a role, a rack and some nodes differ, the others do not. */
export function changedFarmText(count: number): string {
	const moved = farmNode(1 * nodesPerRack + 4);
	const removed = farmNode(3 * nodesPerRack + 9);
	const added = { ...farmNode(count), name: "spare1", rack: 5 };
	return farmText(count)
		.replace("IMAGE = gpu\n", "IMAGE = gpu/2026.11\n")
		.replace("FSTAB_2_LOGS =", "# Volumes for objects come after those for logs.\nFSTAB_2_LOGS =")
		.replace('noatime 0 2"\nKUBERNETES_LABEL_ROLE = "role=storage"', (text) =>
			text.replace("\n", '\nFSTAB_3_OBJECTS = "/dev/data/objects /srv/objects xfs nofail 0 2"\n'),
		)
		.replace("[rack3]\nTIMESERVER = 10.9.3.254", "[rack3]\nTIMESERVER = 10.9.3.253")
		.replace(
			`HOSTNAME = ${moved.name}\n`,
			'HOSTNAME = build1\nKUBERNETES_TAINT_BUILD = "build=yes:NoSchedule"\n',
		)
		.replace(`${nodeSection(removed)}\n`, "")
		.concat("\n", nodeSection(added));
}

function farmNode(index: number): FarmNode {
	const rack = Math.floor(index / nodesPerRack) + 1;
	const slot = (index % nodesPerRack) + 1;
	const rackBytes = [rack >> 8, rack & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
	return {
		name: `r${rack}n${String(slot).padStart(2, "0")}`,
		mac: `52:54:00:${rackBytes}:${slot.toString(16).padStart(2, "0")}`,
		ip: `10.${9 + (rack >> 8)}.${rack & 255}.${slot}`,
		rack,
		role: slot <= 30 ? "worker" : slot <= 36 ? "storage" : "gpu",
	};
}

const head = `# Written from the inventory; a section for each node.
[default]
TIMEZONE = Europe/Prague
DNS_SERVER = "10.9.0.53 10.9.0.54"
SEARCH_DOMAIN = farm.example
KEEP_SYSTEM_SERVICES = "ssh systemd-logind polkitd rpcbind"
SYSLOG_HOST = 10.9.0.9
ON_FAILURE_DELAY = 1m
SYSCTL_1_FORWARD = "net.ipv4.ip_forward = 1"
SYSCTL_2_FILES = "fs.file-max = 20000000"
MODULE_1 = br_netfilter
PREINIT_1_HOSTS = "sed -i '/^127\\.0\\.0\\.2 /d' /etc/hosts"
KUBEADM_JOIN_ENDPOINT = "10.9.0.20:6443"
KUBEADM_JOIN_TOKEN = 3f9a1c.0b7d52e8c64f1a93
KUBEADM_JOIN_CA_CERT_HASH = sha256:6b1f0e5d9c3a8724f1e0d7c6b5a4938271605f4e3d2c1b0a99887766554433aa
`;

const roleSections = `[worker]
KUBERNETES_LABEL_ROLE = "role=worker"

[storage]
FSTAB_1_CONTAINERS = "/dev/data/containers /var/lib/containerd ext4 nofail,noatime 0 2"
FSTAB_2_LOGS = "/dev/data/logs /var/log ext4 nofail,noatime 0 2"
KUBERNETES_LABEL_ROLE = "role=storage"

[gpu]
LIKE = worker
IMAGE = gpu
OVERLAY_TMPFS_SIZE = 8G
MODULE_2_GPU = vfio-pci
KUBERNETES_LABEL_ROLE = "role=gpu"
KUBERNETES_TAINT_GPU = "gpu=yes:NoSchedule"
`;

function rackSection(rack: number): string {
	return `[rack${rack}]
TIMESERVER = 10.${9 + (rack >> 8)}.${rack & 255}.254
RACK = ${rack}
RCFILE_1_MOTD = "echo \\"rack $RACK, image from $SERVER\\" > /etc/motd"
KUBERNETES_LABEL_RACK = "topology.example.org/rack=rack${rack}"
`;
}

function nodeSection({ name, mac, ip, rack, role }: FarmNode): string {
	return `[${mac.toUpperCase()}]
LIKE = ${role}
LIKE = rack${rack}
HOSTNAME = ${name}
HOSTS_SELF = "${ip} ${name}.farm.example ${name}"
`;
}
