import type { JoinFailure } from "./failure.ts";

/** One check that kubeadm made before it started, and that failed. */
export interface PreflightError {
	/** kubeadm's name for it, e.g. `FileAvailable--etc-kubernetes-kubelet.conf`. */
	readonly check: string;
	readonly text: string;
}

/** The failed checks of an output, `[ERROR NAME]: text`, in order; warnings are none. */
export function preflightErrors(lines: readonly string[]): readonly PreflightError[] {
	return lines.flatMap((line) => {
		const [, check, text] = /^\s*\[ERROR ([^\]]+)\]:\s*(.*)$/.exec(line) ?? [];
		return check === undefined || text === undefined ? [] : [{ check, text: text.trim() }];
	});
}

/** What mends a check, by the start of its name; `waits`: it can pass by itself, or after kubeadm reset. */
const checks: readonly { readonly name: string; readonly waits?: true; readonly hint: string }[] = [
	{ name: "CRI", waits: true, hint: "look at systemctl status containerd, or crio" },
	{ name: "Port-10250", waits: true, hint: "an old kubelet still runs: systemctl stop kubelet" },
	{
		name: "FileAvailable--etc-kubernetes-",
		waits: true,
		hint: "left by an earlier attempt: kubeadm reset -f",
	},
	{ name: "ImagePull", waits: true, hint: "check the registry of the images" },
	{ name: "DirAvailable--etc-kubernetes-manifests", hint: "empty that folder in the image" },
	{ name: "Swap", hint: "set USE_LOCAL_SWAP = false" },
	{ name: "FileContent--proc-sys-net-bridge", hint: "set MODULE_BRIDGE = br_netfilter" },
	{
		name: "FileContent--proc-sys-net-ipv4-ip_forward",
		hint: 'set SYSCTL_FORWARD = "net.ipv4.ip_forward = 1"',
	},
	{ name: "FileExisting-", hint: "install in the image the package of that program" },
	{
		name: "SystemVerification",
		hint: "the image needs /boot/config-RELEASE, cgroups, and the overlay module",
	},
	{ name: "KubeletVersion", hint: "install the kubelet of the release that kubeadm is of" },
	{ name: "Mem", hint: "the machine has too little memory" },
	{ name: "NumCPU", hint: "the machine has too few processors" },
	{ name: "IsPrivilegedUser", hint: "run it as root" },
	{ name: "Hostname", hint: "give the node a valid HOSTNAME" },
];

/** What failed checks mean together: permanent as soon as one of them is. */
export function preflightFailure(errors: readonly PreflightError[]): JoinFailure {
	const known = errors.map((error) => ({ ...error, ...checkOf(error.check) }));
	const lasting = known.filter(({ waits }) => waits !== true);
	const shown = lasting.length > 0 ? lasting : known;
	const evidence = known.map(({ check, text }) => `${check}: ${text}`).join("; ");
	const common = { concerns: "node", pace: "soon", evidence } as const;
	if (lasting.length === 0 && known.every(({ check }) => check === "CRI")) {
		return {
			...common,
			code: "join.runtime-down",
			message: "the container runtime does not answer kubeadm",
			hint: "look at systemctl status containerd (or crio), and at KUBERNETES_CRI_SOCKET",
			isPermanent: false,
		};
	}
	return {
		...common,
		code: lasting.length > 0 ? "join.preflight-failed" : "join.node-not-clean",
		message:
			lasting.length > 0
				? `kubeadm's checks of this node failed: ${shown.map(({ check }) => check).join(", ")}`
				: `the node is not clean for a join yet: ${shown.map(({ check }) => check).join(", ")}`,
		hint: [...new Set(shown.map(({ check, hint }) => (hint === "" ? "" : `${check}: ${hint}`)))]
			.filter((text) => text !== "")
			.join("; ")
			.concat(lasting.length > 0 ? "; then systemctl restart netherd-join" : ""),
		isPermanent: lasting.length > 0,
	};
}

function checkOf(check: string): { readonly waits?: true; readonly hint: string } {
	return (
		checks.find(({ name }) => check.startsWith(name)) ?? {
			hint: "kubeadm's words in the log say what it asks for",
		}
	);
}
