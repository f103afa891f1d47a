/*
 * What kubeadm prints, by what is wrong. Those of 1.20 were taken from runs of kubeadm 1.20.2 against real control planes;
 * those of later releases follow its sources and public reports. Addresses, names and hashes are the tests' own.
 */

const trace = "To see the stack trace of this error execute with --v=5 or higher";
const start = "[preflight] Running pre-flight checks";
const startOf1_20 = `${start}
	[WARNING FileExisting-socat]: socat not found in system path
	[WARNING SystemVerification]: missing optional cgroups: hugetlb`;
const kubeletStart = `${startOf1_20}
[preflight] Reading configuration from the cluster...
[preflight] FYI: You can look at this config file with 'kubectl -n kube-system get cm kubeadm-config -o yaml'
[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"
[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"
[kubelet-start] Starting the kubelet
[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap...`;
const url = "https://192.0.2.5:6443/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s";
const identity = "error execution phase preflight: couldn't validate the identity of the API Server:";

export const joinedText = `${kubeletStart}

This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' on the control-plane to see this node join the cluster.
`;

export interface FailureText {
	readonly what: string;
	readonly text: string;
	readonly exitCode: number;
	readonly code: string;
	readonly isPermanent: boolean;
}

const temporary = { exitCode: 1, isPermanent: false };
const permanent = { exitCode: 1, isPermanent: true };

export const failureTexts: readonly FailureText[] = [
	{
		what: "1.20: the API server refuses",
		text: `${startOf1_20}\n${identity} Get "${url}": dial tcp 192.0.2.5:6443: connect: connection refused\n${trace}`,
		code: "join.api-refused",
		...temporary,
	},
	{
		what: "1.31: the API server refuses",
		text: `${start}\n${identity} failed to request the cluster-info ConfigMap: Get "${url}": dial tcp 192.0.2.5:6443: connect: connection refused\n${trace}`,
		code: "join.api-refused",
		...temporary,
	},
	{
		what: "1.20: packets are dropped",
		text: `${startOf1_20}\n${identity} Get "${url}": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)\n${trace}`,
		code: "join.api-silent",
		...temporary,
	},
	{
		what: "1.31: packets are dropped",
		text: `${start}\n${identity} failed to request the cluster-info ConfigMap: Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)\n${trace}`,
		code: "join.api-silent",
		...temporary,
	},
	{
		what: "no route",
		text: `${startOf1_20}\n${identity} Get "${url}": dial tcp 192.0.2.5:6443: connect: no route to host\n${trace}`,
		code: "join.api-unreachable",
		...temporary,
	},
	{
		what: "the name has no address",
		text: `${startOf1_20}\n${identity} Get "https://api.example:6443/api/v1": dial tcp: lookup api.example on 192.0.2.53:53: no such host\n${trace}`,
		code: "join.name-unresolved",
		...temporary,
	},
	{
		what: "a load balancer without servers",
		text: `${startOf1_20}\n${identity} Get "${url}": EOF\n${trace}`,
		code: "join.api-broke-off",
		...temporary,
	},
	{
		what: "1.20: no way to the DNS server",
		text: `${startOf1_20}\n${identity} Get "https://api.example:6443/api/v1": dial tcp: lookup api.example on 192.0.2.53:53: dial udp 192.0.2.53:53: connect: network is unreachable\n${trace}`,
		code: "join.name-unresolved",
		...temporary,
	},
	{
		what: "1.20: something that does not speak TLS",
		text: `${startOf1_20}\n${identity} Get "${url}": tls: first record does not look like a TLS handshake\n${trace}`,
		code: "join.not-an-api-server",
		...temporary,
	},
	{
		what: "something that speaks HTTP",
		text: `${startOf1_20}\n${identity} Get "${url}": http: server gave HTTP response to HTTPS client\n${trace}`,
		code: "join.not-an-api-server",
		...temporary,
	},
	{
		what: "the API server is starting",
		text: `${startOf1_20}\n${identity} an error on the server ("") has prevented the request from succeeding (get configmaps cluster-info)\n${trace}`,
		code: "join.api-error",
		...temporary,
	},
	{
		what: "1.20: the token is unknown, or has ended",
		text: `${startOf1_20}\n${identity} could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"\n${trace}`,
		code: "join.token-unknown",
		...temporary,
	},
	{
		what: "the token ended between discovery and the first request",
		text: `${startOf1_20}\n[preflight] Reading configuration from the cluster...\nerror execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: Unauthorized\n${trace}`,
		code: "join.token-unknown",
		...temporary,
	},
	{
		what: "1.15: the token is invalid",
		text: `${start}\nerror execution phase preflight: couldn't validate the identity of the API Server: token id "abcdef" is invalid for this cluster or it has expired. Use "kubeadm token create" on the control-plane node to create a new valid token`,
		code: "join.token-unknown",
		...temporary,
	},
	{
		what: "the secret half of the token is wrong",
		text: `${startOf1_20}\n${identity} failed to verify JWS signature of received cluster info object, can't trust this API Server\n${trace}`,
		code: "join.token-wrong",
		...temporary,
	},
	{
		what: "the pin is of another CA",
		text: `${startOf1_20}\n${identity} cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:${"ab".repeat(32)}" are pinned\n${trace}`,
		code: "join.ca-mismatch",
		...permanent,
	},
	{
		what: "the node's clock is behind",
		text: `${startOf1_20}\n${identity} Get "${url}": x509: certificate has expired or is not yet valid: current time 2021-01-01T00:00:09Z is before 2026-11-21T05:00:00Z\n${trace}`,
		code: "join.clock-behind",
		...temporary,
	},
	{
		what: "the API server's certificate has ended",
		text: `${startOf1_20}\n${identity} Get "${url}": x509: certificate has expired or is not yet valid: current time 2027-11-21T06:00:00Z is after 2027-11-21T05:00:00Z\n${trace}`,
		code: "join.certificate-expired",
		...temporary,
	},
	{
		what: "the certificate is for other names",
		text: `${startOf1_20}\n${identity} Get "${url}": x509: certificate is valid for 10.96.0.1, 10.0.2.15, not 192.0.2.5\n${trace}`,
		code: "join.certificate-name",
		...permanent,
	},
	{
		what: "the cluster has no cluster-info",
		text: `${startOf1_20}\n${identity} configmaps "cluster-info" is forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "kube-public"\n${trace}`,
		code: "join.no-cluster-info",
		...temporary,
	},
	{
		what: "the roles for joining nodes are missing",
		text: `${startOf1_20}\n[preflight] Reading configuration from the cluster...\nerror execution phase preflight: unable to fetch the kubeadm-config ConfigMap: failed to get config map: configmaps "kubeadm-config" is forbidden: User "system:bootstrap:abcdef" cannot get resource "configmaps" in API group "" in the namespace "kube-system"\n${trace}`,
		code: "join.forbidden",
		...temporary,
	},
	{
		what: "1.20: a Node of that name is Ready",
		text: `${startOf1_20}\n[preflight] Reading configuration from the cluster...\nerror execution phase kubelet-start: a Node with name "node7" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node\n${trace}`,
		code: "join.name-ready",
		...temporary,
	},
	{
		what: "1.20: the kubelet does not start",
		text: `${kubeletStart}
[kubelet-check] Initial timeout of 40s passed.
[kubelet-check] It seems like the kubelet isn't running or healthy.
[kubelet-check] The HTTP call equal to 'curl -sSL http://localhost:10248/healthz' failed with error: Get "http://localhost:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused.

	Unfortunately, an error has occurred:
		timed out waiting for the condition

	This error is likely caused by:
		- The kubelet is not running
		- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)

error execution phase kubelet-start: timed out waiting for the condition
${trace}`,
		code: "join.kubelet-down",
		...temporary,
	},
	{
		what: "1.32: the kubelet does not start",
		text: `${start}
[kubelet-start] Starting the kubelet
[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s
[kubelet-check] The kubelet is not healthy after 4m0.000342s

Unfortunately, an error has occurred:
	The HTTP call equal to 'curl -sSL http://127.0.0.1:10248/healthz' returned error: Get "http://127.0.0.1:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused

error execution phase kubelet-start: The HTTP call equal to 'curl -sSL http://127.0.0.1:10248/healthz' returned error: Get "http://127.0.0.1:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused
${trace}`,
		code: "join.kubelet-down",
		...temporary,
	},
	{
		what: "1.32: the kubelet gets no certificate",
		text: `${start}\n[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap\nerror execution phase kubelet-wait-bootstrap: context deadline exceeded\n${trace}`,
		code: "join.kubelet-down",
		...temporary,
	},
	{
		what: "1.20: the API server goes away while the kubelet starts",
		text: `${startOf1_20}\nerror execution phase kubelet-start: cannot get Node "node7": Get "https://192.0.2.5:6443/api/v1/nodes/node7?timeout=10s": dial tcp 192.0.2.5:6443: connect: connection refused\n${trace}`,
		code: "join.api-refused",
		...temporary,
	},
	{
		what: "1.20: the runtime is down",
		text: `${start}
error execution phase preflight: [preflight] Some fatal errors occurred:
	[ERROR CRI]: container runtime is not running: output: time="2026-11-21T05:00:00Z" level=fatal msg="connect: connection refused"
, error: exit status 1
[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
${trace}`,
		code: "join.runtime-down",
		...temporary,
	},
	{
		what: "left by an earlier attempt",
		text: `${start}
error execution phase preflight: [preflight] Some fatal errors occurred:
	[ERROR FileAvailable--etc-kubernetes-bootstrap-kubelet.conf]: /etc/kubernetes/bootstrap-kubelet.conf already exists
	[ERROR Port-10250]: Port 10250 is in use
	[ERROR FileAvailable--etc-kubernetes-pki-ca.crt]: /etc/kubernetes/pki/ca.crt already exists
[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
${trace}`,
		code: "join.node-not-clean",
		...temporary,
	},
	{
		what: "several checks of the node",
		text: `${start}
	[WARNING FileExisting-socat]: socat not found in system path
error execution phase preflight: [preflight] Some fatal errors occurred:
	[ERROR FileContent--proc-sys-net-bridge-bridge-nf-call-iptables]: /proc/sys/net/bridge/bridge-nf-call-iptables does not exist
	[ERROR FileExisting-conntrack]: conntrack not found in system path
	[ERROR Swap]: running with swap on is not supported. Please disable swap
	[ERROR Port-10250]: Port 10250 is in use
[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
${trace}`,
		code: "join.preflight-failed",
		...permanent,
	},
	{
		what: "1.20: a JoinConfiguration of a later release",
		text: `no kind "JoinConfiguration" is registered for version "kubeadm.k8s.io/v1beta4" in scheme "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme/scheme.go:31"\n${trace}`,
		code: "join.configuration-unsupported",
		...permanent,
	},
	{
		what: "1.31: a JoinConfiguration of an old release",
		text: `your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta2" (kind: "JoinConfiguration"). Please use kubeadm v1.22 instead and run 'kubeadm config migrate --old-config old-config.yaml --new-config new-config.yaml', which will write the new, similar spec using a newer API version\n${trace}`,
		code: "join.configuration-unsupported",
		...permanent,
	},
	{
		what: "a value that kubeadm refuses",
		text: `discovery.bootstrapToken.apiServerEndpoint: Invalid value: "192.0.2.5": address 192.0.2.5: missing port in address\n${trace}`,
		code: "join.configuration-refused",
		...permanent,
		exitCode: 3,
	},
	{
		what: "a kubeadm that is too new for the cluster",
		text: `${start}\nerror execution phase preflight: unable to fetch the kubeadm-config ConfigMap: this version of kubeadm only supports deploying clusters with the control plane version >= 1.30.0. Current version: v1.20.2\n${trace}`,
		code: "join.version-skew",
		...permanent,
	},
	{
		what: "no default route",
		text: `unable to select an IP from default routes.\n${trace}`,
		code: "join.no-address",
		...temporary,
	},
	{
		what: "words that nobody knows",
		text: `${start}\nerror execution phase preflight: the moon is in the way\n${trace}`,
		code: "join.kubeadm-failed",
		...temporary,
	},
	{ what: "nothing at all", text: "", code: "join.kubeadm-failed", ...temporary },
];

/** The text of a failure by its code, the first of them. */
export function textOf(code: string): FailureText {
	const found = failureTexts.find((text) => text.code === code);
	if (found === undefined) throw new Error(`no text for ${code}`);
	return found;
}
