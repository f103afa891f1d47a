/** What a scenario can say about its cluster. */
export interface ClusterOptions {
	/** How long a silent node stays Ready: 40 s when nothing is said, as in a cluster that nobody has tuned. */
	readonly nodeMonitorGracePeriodSeconds?: number;
}

/** The control plane as kubeadm is told of it. */
interface ClusterPlace extends ClusterOptions {
	/** As kubeadm says it, such as `v1.20.2`. */
	readonly version: string;
	/** IPv4 address of the API server, in the farm's network. */
	readonly address: string;
	readonly port: number;
	readonly token: string;
}

/** The Node that stands for this host while the configuration is uploaded: kubeadm notes its runtime there. */
export const controlPlaneNode = "control-plane";

/**
 * The configuration file for `kubeadm init phase …`: three documents, of JSON, which is YAML
 * (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its predecessors).
 */
export function kubeadmConfiguration(place: ClusterPlace): string {
	const { version, address, port, token } = place;
	const minor = Number(/^v1\.(\d+)\./.exec(version)?.[1]);
	const apiVersion = `kubeadm.k8s.io/${minor >= 31 ? "v1beta4" : minor >= 22 ? "v1beta3" : "v1beta2"}`;
	const extraArguments = (values: Readonly<Record<string, string>>) =>
		minor >= 31 ? Object.entries(values).map(([name, value]) => ({ name, value })) : values;
	const grace = place.nodeMonitorGracePeriodSeconds;
	const documents: readonly object[] = [
		{
			apiVersion,
			kind: "InitConfiguration",
			bootstrapTokens: [{ token, ttl: "24h0m0s" }],
			localAPIEndpoint: { advertiseAddress: address, bindPort: port },
			nodeRegistration: {
				name: controlPlaneNode,
				criSocket: minor >= 24 ? "unix:///run/containerd/containerd.sock" : "/run/containerd/containerd.sock",
			},
		},
		{
			apiVersion,
			kind: "ClusterConfiguration",
			kubernetesVersion: version,
			clusterName: "netherd-test",
			controlPlaneEndpoint: `${address}:${port}`,
			networking: { serviceSubnet: "10.96.0.0/16", podSubnet: "10.244.0.0/16" },
			etcd: { local: { dataDir: "/var/lib/etcd" } },
			controllerManager: {
				extraArgs: extraArguments({
					// It would end when the API server is away for ten seconds, and nobody starts it again here.
					"leader-elect": "false",
					...(grace === undefined ? {} : { "node-monitor-grace-period": `${grace}s` }),
				}),
			},
		},
		{
			apiVersion: "kubelet.config.k8s.io/v1beta1",
			kind: "KubeletConfiguration",
			cgroupDriver: "systemd",
			// A kubelet shows that it lives four times in a lease; it must be well within the grace period.
			...(grace === undefined ? {} : { nodeLeaseDurationSeconds: grace }),
		},
	];
	return documents.map((document) => `---\n${JSON.stringify(document, null, 2)}\n`).join("");
}

/**
 * The command line in a static pod's manifest, as kubeadm writes it.
 *
 * @param manifest YAML with one container, whose `command` is a list of plain or quoted words.
 */
export function commandOf(manifest: string): string[] {
	const block = /^ {2}- command:\n((?: {4}- .*\n)+)/m.exec(manifest)?.[1] ?? "";
	return [...block.matchAll(/^ {4}- (.*)$/gm)].map(([, word = ""]) => word.replace(/^(["'])(.*)\1$/, "$2"));
}
