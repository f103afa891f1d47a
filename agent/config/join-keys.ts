import type { KeyDefinition } from "./key-definition.ts";

/** What a Kubernetes node is configured with, in the order in which people meet it. */
export const joinKeys: readonly Omit<KeyDefinition, "origin">[] = [
	{
		name: "KUBEADM_JOIN_ENDPOINT",
		type: "endpoints",
		owner: "join/10-join-configuration",
		help: "HOST:PORT of the API server that the node joins, several separated by blanks; without it the node joins nothing.",
	},
	{
		name: "KUBEADM_JOIN_TOKEN",
		type: "bootstrap-token",
		owner: "join/10-join-configuration",
		secret: true,
		publicWords: ["server"],
		help: "Bootstrap token for the join; server: the companion server has it.",
	},
	{
		name: "KUBEADM_JOIN_TOKEN_FILE",
		type: "path",
		owner: "join/10-join-configuration",
		help: "File on the node that holds the bootstrap token, read before each attempt; comes before KUBEADM_JOIN_TOKEN.",
	},
	{
		name: "KUBEADM_JOIN_CA_CERT_HASH",
		type: "ca-cert-hashes",
		owner: "join/10-join-configuration",
		help: "The sha256: hash of the cluster's CA certificate; several are separated by blanks.",
	},
	{
		name: "KUBEADM_JOIN_CONFIG",
		type: "path",
		owner: "join/10-join-configuration",
		help: "A JoinConfiguration of your own in the image, YAML or JSON; the keys here fill in what it leaves out.",
	},
	{
		name: "KUBEADM_JOIN_TIMEOUT",
		type: "duration",
		otherwise: "the node goes on trying",
		owner: "join/20-join-cluster",
		help: "How long a node tries to join before its unit fails.",
	},
	{
		name: "KUBEADM_PATCHES",
		type: "path",
		owner: "join/10-join-configuration",
		help: "Folder in the image with patches for what kubeadm writes, such as kubeletconfiguration0.yaml; kubeadm 1.22 and later.",
	},
	{
		name: "NODE_NAME",
		type: "node-name",
		otherwise: "the host name",
		owner: "join/10-join-configuration",
		help: "Name of the Node object.",
	},
	{
		name: "NODE_IP",
		type: "node-addresses",
		otherwise: "the address of the default route",
		owner: "join/10-join-configuration",
		help: "Address that the kubelet announces, or one of each family; $IPV4ADDR is the one from DHCP.",
	},
	{
		name: "KUBERNETES_CRI_SOCKET",
		type: "cri-socket",
		otherwise: "the one that is there",
		owner: "join/10-join-configuration",
		help: "Socket of the container runtime, such as unix:///run/containerd/containerd.sock.",
	},
	{
		name: "KUBERNETES_STORAGE",
		type: "choice",
		choices: ["tmpfs", "root"],
		default: "tmpfs",
		owner: "init/45-fstab",
		help: "Where a node that joins keeps pods and containers, unless FSTAB_* lines say it: each in a tmpfs, or with everything else on the root.",
	},
	{
		name: "KUBERNETES_LABEL_*",
		type: "label",
		owner: "join/10-join-configuration",
		help: "A label that the node registers with: key=value.",
	},
	{
		name: "KUBERNETES_TAINT_*",
		type: "taint",
		owner: "join/10-join-configuration",
		help: "A taint that the node registers with: key=value:Effect.",
	},
	{
		name: "KUBELET_EXTRA_ARG_*",
		type: "argument",
		owner: "join/10-join-configuration",
		help: "An argument for the kubelet: name=value, without dashes before the name.",
	},
];
