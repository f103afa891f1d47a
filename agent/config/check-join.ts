import type { EvaluatedKey } from "./evaluate.ts";
import { type Finding, visible } from "./findings.ts";
import { readFstabLine } from "./fstab-line.ts";
import { readKubeletArgument } from "./join-values.ts";
import { isDnsSubdomain, readLabel, readTaint } from "./kubernetes-labels.ts";
import type { Entry } from "./lts-conf.ts";
import { isHostName, knownAtBoot, readBoolean, readList } from "./values.ts";

/** Whether a key makes a node join a cluster. */
export function joinsCluster(key: string): boolean {
	return key === "KUBEADM_JOIN_ENDPOINT" || key === "KUBEADM_JOIN_CONFIG";
}

/** Whether the checks of this file look at a key. */
export function isJoinKey(key: string): boolean {
	return /^(?:KUBEADM_|KUBERNETES_|KUBELET_EXTRA_ARG_|FSTAB_|USE_LOCAL_SWAP$|CONFIGURE_FSTAB$|NODE_NAME$|HOSTNAME)/.test(
		key,
	);
}

/** What a node that joins with keys lacks, or has and should not. Warnings. */
export function checkJoin(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	const node = new NodeKeys(file, evaluated);
	if (!node.isSet("KUBEADM_JOIN_ENDPOINT") && !node.isSet("KUBEADM_JOIN_CONFIG")) return [];
	return [...incomplete(node), ...nodeName(node), ...swap(node), ...storage(node)];
}

/** The same thing said twice, and differently, by two keys of a family. Errors. */
export function checkJoinConflicts(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	const node = new NodeKeys(file, evaluated);
	return [
		...conflicts(node, "KUBERNETES_LABEL_", (text) => {
			const reading = readLabel(text);
			return "value" in reading ? reading.value : undefined;
		}),
		...conflicts(node, "KUBERNETES_TAINT_", (text) => {
			const reading = readTaint(text);
			if ("problem" in reading) return undefined;
			const { key, effect, value = "" } = reading.value;
			return { key: `${key}:${effect}`, value };
		}),
		...conflicts(node, "KUBELET_EXTRA_ARG_", (text) => {
			const reading = readKubeletArgument(text);
			return "value" in reading ? { key: reading.value.name, value: reading.value.value } : undefined;
		}),
	];
}

class NodeKeys {
	readonly file: string;
	readonly all: readonly EvaluatedKey[];
	readonly #byKey: ReadonlyMap<string, EvaluatedKey>;

	constructor(file: string, evaluated: readonly EvaluatedKey[]) {
		this.file = file;
		this.all = evaluated.filter(({ winner, value }) => winner !== undefined && value.trim() !== "");
		this.#byKey = new Map(this.all.map((each) => [each.key, each]));
	}

	isSet(key: string): boolean {
		return this.#byKey.has(key);
	}

	/** The value; undefined when the key is not set. */
	value(key: string): string | undefined {
		return this.#byKey.get(key)?.value;
	}

	family(prefix: string): readonly { readonly entry: Entry; readonly value: string }[] {
		return this.all.flatMap(({ key, winner, value }) =>
			winner !== undefined && key.startsWith(prefix) ? [{ entry: winner.entry, value: value.trim() }] : [],
		);
	}

	entry(key: string): Entry | undefined {
		return this.#byKey.get(key)?.winner?.entry;
	}

	finding(
		entry: Entry | undefined,
		finding: Pick<Finding, "severity" | "code" | "message" | "hint">,
	): Finding[] {
		if (entry === undefined) return [];
		const { line, column, key } = entry;
		return [{ ...finding, file: this.file, line, column, endColumn: column + key.length }];
	}
}

/** A warning, because the kernel command line may bring it; the node itself refuses to boot without. */
function incomplete(node: NodeKeys): Finding[] {
	if (node.isSet("KUBEADM_JOIN_CONFIG")) return [];
	const hasToken = node.isSet("KUBEADM_JOIN_TOKEN") || node.isSet("KUBEADM_JOIN_TOKEN_FILE");
	const missing = [
		...(hasToken ? [] : ["KUBEADM_JOIN_TOKEN"]),
		...(node.isSet("KUBEADM_JOIN_CA_CERT_HASH") ? [] : ["KUBEADM_JOIN_CA_CERT_HASH"]),
	];
	if (missing.length === 0) return [];
	return node.finding(node.entry("KUBEADM_JOIN_ENDPOINT"), {
		severity: "warning",
		code: "lts-conf.incomplete",
		message: `KUBEADM_JOIN_ENDPOINT needs ${missing.join(" and ")}, and a node that gets this line has no such key`,
		hint: "Add it to the same section, or to [default]; kubeadm token create --print-join-command prints what it needs.",
	});
}

/** A host name is no name for a Node when it has, say, an underscore. Only HOSTNAME is decided here, DHCP may have another. */
function nodeName(node: NodeKeys): Finding[] {
	if (node.isSet("NODE_NAME")) return [];
	const [name = ""] = readList(node.value("HOSTNAME") ?? "");
	const bad = (key: string, severity: Finding["severity"]) =>
		node.finding(node.entry(key), {
			severity,
			code: "lts-conf.bad-node-name",
			message: `${key} gives a host name that can't be the name of a Node: ${visible(node.value(key) ?? "")}`,
			hint: "Use lower case letters, digits and - only, or set NODE_NAME for the Node.",
		});
	if (name !== "")
		return isHostName(name) && !isDnsSubdomain(name.toLowerCase()) ? bad("HOSTNAME", "error") : [];
	return ["HOSTNAME_BASE", "HOSTNAME_EXTRA"].flatMap((key) =>
		(node.value(key) ?? "").includes("_") ? bad(key, "warning") : [],
	);
}

function isKnown(text: string): boolean {
	return !text.includes(knownAtBoot);
}

function swap(node: NodeKeys): Finding[] {
	const mayUseSwap = node
		.family("KUBELET_EXTRA_ARG_")
		.some(({ value }) => /^fail-swap-on=(?:false|0|f)$/i.test(value));
	if (mayUseSwap) return [];
	const useLocal = readBoolean(node.value("USE_LOCAL_SWAP") ?? "").value
		? [node.entry("USE_LOCAL_SWAP")]
		: [];
	const lines = fstabLines(node)
		.filter(({ type }) => type === "swap")
		.map(({ entry }) => entry);
	return [...useLocal, ...lines].flatMap((entry) =>
		node.finding(entry, {
			severity: "warning",
			code: "lts-conf.kubelet-swap",
			message: `${entry?.key} gives swap to a node that joins a cluster, and the kubelet does not start with swap`,
			hint: 'Take it back for these nodes with NONE, or have the kubelet accept swap: KUBELET_EXTRA_ARG_SWAP = "fail-swap-on=false".',
		}),
	);
}

/** What the kubelet and the container runtime keep on a file system of its own. */
const storageFolders = ["/var/lib/kubelet", "/var/lib/containerd"];
/** File systems that overlayfs takes no layers from, or that go when the network does. */
const unfit = /^(?:overlay|nfs4?|cifs|smb3|9p|ceph|squashfs|erofs|iso9660|vfat|fuse.*)$/;

function storage(node: NodeKeys): Finding[] {
	const lines = fstabLines(node).filter(({ mountPoint }) => storageFolders.includes(mountPoint ?? ""));
	const bad = lines
		.filter(({ type }) => unfit.test(type))
		.flatMap(({ entry, type, mountPoint }) =>
			node.finding(entry, {
				severity: "warning",
				code: "lts-conf.kubelet-storage",
				message: `${entry.key} mounts ${visible(type)} at ${mountPoint}, where containers cannot be kept`,
				hint: `Mount a disk there, or RAM: tmpfs ${mountPoint} tmpfs mode=0755 0 0. Without a line it is RAM.`,
			}),
		);
	const isLeft = node.value("KUBERNETES_STORAGE")?.trim().toLowerCase() === "root";
	const missing = storageFolders.filter((folder) => !lines.some(({ mountPoint }) => mountPoint === folder));
	if (!isLeft || missing.length === 0) return bad;
	return [
		...bad,
		...node.finding(node.entry("KUBERNETES_STORAGE"), {
			severity: "warning",
			code: "lts-conf.kubelet-storage",
			message: `nothing is mounted at ${missing.join(" and ")}, so containers' layers would lie on the root's overlay, which the kernel refuses`,
			hint: `Add ${missing.map((folder, index) => `FSTAB_K${index + 1} = "LABEL=… ${folder} ext4 defaults,nofail 0 2"`).join(" and ")}, or leave KUBERNETES_STORAGE out for RAM.`,
		}),
	];
}

function fstabLines(node: NodeKeys) {
	const isWritten = readBoolean(node.value("CONFIGURE_FSTAB") ?? "true").value;
	if (!isWritten) return [];
	return node.family("FSTAB_").flatMap(({ entry, value }) => {
		const reading = readFstabLine(value);
		return "value" in reading ? [{ ...reading.value, entry }] : [];
	});
}

function conflicts(
	node: NodeKeys,
	prefix: string,
	read: (text: string) => { readonly key: string; readonly value: string } | undefined,
): Finding[] {
	const first = new Map<string, { readonly value: string; readonly entry: Entry }>();
	return node.family(prefix).flatMap(({ entry, value: text }) => {
		const said = isKnown(text) ? read(text) : undefined;
		if (said === undefined) return [];
		const { key, value } = said;
		const before = first.get(key);
		if (before === undefined) first.set(key, { value, entry });
		if (before === undefined || before.value === value) return [];
		return node.finding(entry, {
			severity: "error",
			code: "lts-conf.conflict",
			message: `${entry.key} says ${visible(key)} is ${visible(value || "empty")}, and ${before.entry.key} (line ${before.entry.line}) says ${visible(before.value || "empty")}`,
			hint: `Leave one of them out on these nodes; KEY = NONE takes back a line of another section.`,
		});
	});
}
