import type { ControlPlane } from "./control-plane.ts";

/** The label and the taint of every node with `ltsConfFor`. */
export const nodeLabel = "netherd.test/rack=r1";
/** Another value for the label. */
export const otherNodeLabel = "netherd.test/rack=r2";
export const nodeTaint = "netherd.test/spare=yes:PreferNoSchedule";

/** A node of a real cluster, as docs/kubernetes.md describes it: all else is netherd's default for a node that joins. */
export function ltsConfFor(
	cluster: ControlPlane,
	{ token = cluster.token, caCertHash = cluster.caCertHash, label = nodeLabel } = {},
): string {
	return `
[default]
# The kubelet asks for a cloud's metadata, and waits for an answer.
RCFILE_METADATA = "ip route add unreachable 169.254.0.0/16"
KUBEADM_JOIN_ENDPOINT = "${cluster.endpoint}"
KUBEADM_JOIN_TOKEN = "${token}"
KUBEADM_JOIN_CA_CERT_HASH = "${caCertHash}"
KUBERNETES_LABEL_RACK = "${label}"
KUBERNETES_TAINT_SPARE = "${nodeTaint}"
`;
}
