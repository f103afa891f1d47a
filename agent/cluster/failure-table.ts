import type { JoinFailure } from "./failure.ts";

/** What kubeadm says → what it means. The first row that fits counts, so what is special comes first. */
export interface FailureRow extends Omit<JoinFailure, "evidence" | "message"> {
	/** Matched against each line of the error. */
	readonly pattern: RegExp;
	/** May name the groups of the pattern: `{1}`, with what to say in place of an empty one: `{1|it}`. */
	readonly message: string;
}

const temporary = { isPermanent: false, concerns: "endpoint", pace: "growing" } as const;
const soon = { ...temporary, pace: "soon" } as const;
const permanent = { isPermanent: true, concerns: "endpoint", pace: "growing" } as const;

const token = { ...temporary, isAboutToken: true } as const;
const renewToken =
	"make a new token on the control plane (kubeadm token create) and put it where this node gets its token from; the node reads it again before each attempt";

/** The texts are those of kubeadm 1.20 to 1.33 and of the Go libraries below it. */
export const failureTable: readonly FailureRow[] = [
	{
		pattern:
			/no kind "?JoinConfiguration"? is registered for version "?([\w./]+)|old API spec: "?([\w./]+)|apiVersion .* not supported/,
		code: "join.configuration-unsupported",
		message: "this kubeadm does not read a JoinConfiguration of version {1}{2}",
		hint: "use the kubeadm of a Kubernetes release that reads it, or correct apiVersion in the file of KUBEADM_JOIN_CONFIG",
		...permanent,
		concerns: "node",
	},
	{
		pattern:
			/only supports deploying clusters with the control plane version|version is (?:higher|lower|too (?:old|new)).*(?:control plane|kubeadm)|this version of kubeadm only supports/i,
		code: "join.version-skew",
		message: "kubeadm is of a release that does not fit the cluster's",
		hint: "install in the image the kubeadm and kubelet of the release that the control plane runs, and boot again",
		...permanent,
		concerns: "node",
	},
	{
		pattern: /(?:^|\s|\[)(\w[\w.[\]]*): (?:Invalid value|Required value|Forbidden|Unsupported value)\b/,
		code: "join.configuration-refused",
		message: "kubeadm refuses {1} of the JoinConfiguration",
		hint: "correct the key of lts.conf, or the file of KUBEADM_JOIN_CONFIG, that says so; kubeadm's words are in the log",
		...permanent,
		concerns: "node",
	},
	{
		pattern: /a Node with name "([^"]*)" and status "Ready" already exists/,
		code: "join.name-ready",
		message:
			'the cluster still takes the node "{1}" for Ready: this machine rebooted faster than the cluster noticed, or another has its name',
		hint: "wait: some 40 s after the reboot the old one turns NotReady and the join goes on; if it stays Ready, another machine has that name: give one of them another HOSTNAME or NODE_NAME",
		...soon,
		concerns: "node",
	},
	{
		pattern: /none of the public keys "?(sha256:[0-9a-f]+)?.* are pinned/,
		code: "join.ca-mismatch",
		message:
			"the CA of the cluster is not the one of KUBEADM_JOIN_CA_CERT_HASH; the cluster's has the hash {1|that kubeadm does not print}",
		hint: "if this is the right cluster, put its hash into lts.conf; else correct KUBEADM_JOIN_ENDPOINT. kubeadm token create --print-join-command on the control plane prints both",
		...permanent,
	},
	{
		pattern: /failed to verify JWS signature/,
		code: "join.token-wrong",
		message: "the cluster knows the first half of the token, and the second half is wrong",
		hint: `correct the token, or ${renewToken}`,
		...token,
	},
	{
		pattern:
			/could not find a JWS signature in the cluster-info ConfigMap|no JWS signed token in the cluster-info ConfigMap|token id "[^"]*" is invalid for this cluster|: Unauthorized$/,
		code: "join.token-unknown",
		message: "the cluster does not know the token: it has ended, or it was never made there",
		hint: renewToken,
		...token,
	},
	{
		pattern: /x509: certificate has expired or is not yet valid: current time (\S+) is before (\S+?)\.?$/,
		code: "join.clock-behind",
		message: "the node's clock is behind: it says {1}, and the API server's certificate begins at {2}",
		hint: "set TIMESERVER in lts.conf, or the machine's clock in its firmware; the node tries again",
		...soon,
	},
	{
		pattern: /x509: certificate has expired or is not yet valid/,
		code: "join.certificate-expired",
		message: "the API server's certificate has ended, or the node's clock is ahead",
		hint: "look at date on the node; kubeadm certs check-expiration on the control plane shows the certificates",
		...temporary,
	},
	{
		pattern: /x509: certificate is valid for (.+), not (\S+?)"?$|x509: .*doesn't contain any IP SANs/,
		code: "join.certificate-name",
		message:
			"the API server's certificate is for {1|other names}, and not for the name in KUBEADM_JOIN_ENDPOINT",
		hint: "write one of its names in KUBEADM_JOIN_ENDPOINT, or add the name to certSANs of the control plane",
		...permanent,
	},
	{
		pattern: /x509: certificate signed by unknown authority/,
		code: "join.ca-mismatch",
		message: "the API server's certificate is not of the CA that the cluster publishes",
		hint: "look at what answers at KUBEADM_JOIN_ENDPOINT: a proxy of its own, or another cluster",
		...permanent,
	},
	{
		pattern:
			/there is no \S+ key in the cluster-info ConfigMap|configmaps "cluster-info" (?:not found|is forbidden)/,
		code: "join.no-cluster-info",
		message: "the cluster does not publish what a join needs (ConfigMap cluster-info in kube-public)",
		hint: "run kubeadm init phase bootstrap-token on the control plane; the API server must allow anonymous reads of it",
		...temporary,
	},
	{
		pattern: /(\S+ "[^"]*") is forbidden: User "([^"]*)" cannot (\w+)/,
		code: "join.forbidden",
		message: "the cluster does not let {2} {3} {1}",
		hint: "run kubeadm init phase bootstrap-token on the control plane: it makes the roles for joining nodes",
		...temporary,
	},
	{
		pattern:
			/error execution phase kubelet-(?:start|wait-bootstrap): (?:timed out waiting for the condition|context deadline exceeded|.*curl -sSL http)|The kubelet is not (?:healthy|running)|^\s*- The kubelet is unhealthy/,
		code: "join.kubelet-down",
		message: "kubeadm started the kubelet, and it does not stay up or gets no certificate",
		hint: "look at journalctl --unit kubelet: mostly a cgroup driver other than the runtime's, swap, an argument of KUBELET_EXTRA_ARG_* that it refuses, or no approval of its certificate request",
		...temporary,
		concerns: "node",
	},
	{
		pattern:
			/container runtime is not running|validate CRI v1 runtime API|failed to create new CRI runtime service/,
		code: "join.runtime-down",
		message: "the container runtime does not answer kubeadm",
		hint: "look at systemctl status containerd (or crio), and at KUBERNETES_CRI_SOCKET",
		...soon,
		concerns: "node",
	},
	{
		pattern: /[Ff]ound multiple CRI (?:sockets|endpoints)/,
		code: "join.several-runtimes",
		message: "there are several container runtimes, and kubeadm does not choose",
		hint: "set KUBERNETES_CRI_SOCKET in lts.conf",
		...permanent,
		concerns: "node",
	},
	{
		pattern: /\blookup (\S+?)(?: on \S+)?: /,
		code: "join.name-unresolved",
		message: "the name {1} has no address",
		hint: 'check KUBEADM_JOIN_ENDPOINT and DNS_SERVER; a line HOSTS_API = "ADDRESS {1}" in lts.conf does without DNS',
		...temporary,
	},
	{
		pattern: /(?:dial tcp (\S+): )?connect: connection refused/,
		code: "join.api-refused",
		message: "no API server listens at {1|the endpoint}",
		hint: "wait for the control plane, or correct KUBEADM_JOIN_ENDPOINT",
		...soon,
	},
	{
		pattern: /(?:dial tcp (\S+): )?connect: (?:no route to host|network is unreachable|host is down)/,
		code: "join.api-unreachable",
		message: "there is no way through the network to {1|the endpoint}",
		hint: "check the node's address and router (ip route), and the API server's machine",
		...soon,
	},
	{
		pattern:
			/server gave HTTP response to HTTPS client|first record does not look like a TLS handshake|tls: /,
		code: "join.not-an-api-server",
		message: "what listens at the endpoint is no API server: it does not speak TLS as one",
		hint: "correct KUBEADM_JOIN_ENDPOINT: the API server's port is usually 6443",
		...temporary,
	},
	{
		pattern:
			/Client\.Timeout (?:or context cancellation )?(?:while|exceeded)|request canceled while waiting|i\/o timeout|TLS handshake timeout|context deadline exceeded|net\/http: timeout/,
		code: "join.api-silent",
		message: "the API server does not answer: its packets are dropped, or it is overloaded",
		hint: "check firewalls between the node and the API server, and the load of the control plane",
		...soon,
	},
	{
		pattern: /connection reset by peer|\bEOF$|broken pipe|http2: (?:client|server) /,
		code: "join.api-broke-off",
		message: "the API server, or a load balancer before it, closed the connection",
		hint: "wait for the control plane; a load balancer without a healthy API server does this",
		...soon,
	},
	{
		pattern:
			/an error on the server|the server (?:is|was) (?:currently )?unable|etcdserver:|apiserver not ready|Internal error occurred|ServiceUnavailable|Too ?Many ?Requests|unexpected error when reading response body/i,
		code: "join.api-error",
		message: "the API server answers, and has trouble of its own",
		hint: "wait for the control plane; look at the API server and at etcd there",
		...soon,
	},
	{
		pattern: /could not obtain a bind address|unable to select an IP|unable to determine.*address/,
		code: "join.no-address",
		message: "kubeadm finds no address of this node to use: it has no default route",
		hint: "check the node's network (ip route); a static network needs a router",
		...soon,
		concerns: "node",
	},
];

/** Where no row fits. */
export const unknownFailure: FailureRow = {
	pattern: /(?:)/,
	code: "join.kubeadm-failed",
	message: "kubeadm join failed for a reason that netherd does not know",
	hint: "kubeadm's own words say why; all of them are in /run/netherd/agent.log",
	...temporary,
	concerns: "node",
};
