import type { Taint } from "../plan/action.ts";

/** Of a Node object, what is compared (v1.Node of the Kubernetes API). */
export interface NodeObject {
	readonly labels: Readonly<Record<string, string>>;
	readonly taints: readonly Taint[];
}

export interface NodeDifference {
	/** `label example.org/rack is "r1", lts.conf says "r2"`. */
	readonly what: string;
	/** The command that an operator can run on a workstation. */
	readonly command: string;
	/** The label to set, where the node may do that itself. */
	readonly repair?: { readonly key: string; readonly value: string };
}

/** Where a Node is not what lts.conf says. Labels and taints that lts.conf does not name are no business of ours. */
export function compareNode(
	nodeName: string,
	wanted: NodeObject,
	found: NodeObject,
): readonly NodeDifference[] {
	const labels = Object.entries(wanted.labels)
		.filter(([key, value]) => found.labels[key] !== value)
		.map(([key, value]) => labelDifference(nodeName, key, value, found.labels[key]));
	const taints = wanted.taints.flatMap((taint) => {
		const same = found.taints.find(({ key, effect }) => key === taint.key && effect === taint.effect);
		return same !== undefined && (same.value ?? "") === (taint.value ?? "")
			? []
			: [taintDifference(nodeName, taint, same)];
	});
	return [...labels, ...taints];
}

/**
 * Whether the NodeRestriction admission lets a node set this label of itself: any of another domain; of `kubernetes.io`
 * and `k8s.io` only the kubelet's own and those below `kubelet.` and `node.`; never `node-restriction.kubernetes.io`
 * (Kubernetes documentation, "Using Admission Controllers", NodeRestriction).
 */
export function nodeMaySetLabel(key: string): boolean {
	const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
	if (isWithin(domain, "node-restriction.kubernetes.io")) return false;
	if (!isWithin(domain, "kubernetes.io") && !isWithin(domain, "k8s.io")) return true;
	const own = ["kubelet.kubernetes.io", "node.kubernetes.io"];
	return own.some((each) => isWithin(domain, each)) || kubeletLabels.has(key);
}

const kubeletLabels = new Set([
	"kubernetes.io/hostname",
	"kubernetes.io/arch",
	"kubernetes.io/os",
	"beta.kubernetes.io/arch",
	"beta.kubernetes.io/os",
	"beta.kubernetes.io/instance-type",
	"node.kubernetes.io/instance-type",
	"failure-domain.beta.kubernetes.io/region",
	"failure-domain.beta.kubernetes.io/zone",
	"topology.kubernetes.io/region",
	"topology.kubernetes.io/zone",
]);

function isWithin(domain: string, of: string): boolean {
	return domain === of || domain.endsWith(`.${of}`);
}

function labelDifference(
	nodeName: string,
	key: string,
	value: string,
	found: string | undefined,
): NodeDifference {
	return {
		what: `label ${key} is ${shown(found)}, and lts.conf says ${shown(value)}`,
		command: `kubectl label node ${nodeName} ${key}=${value} --overwrite`,
		...(nodeMaySetLabel(key) ? { repair: { key, value } } : {}),
	};
}

function taintDifference(nodeName: string, taint: Taint, found: Taint | undefined): NodeDifference {
	const name = `${taint.key}:${taint.effect}`;
	const state = found === undefined ? "is not there" : `is ${shown(found.value ?? "")}`;
	return {
		what: `taint ${name} ${state}, and lts.conf says ${taint.value === undefined ? "that it is there" : shown(taint.value)}`,
		command: `kubectl taint node ${nodeName} ${taint.key}${taint.value === undefined ? "" : `=${taint.value}`}:${taint.effect} --overwrite`,
	};
}

function shown(value: string | undefined): string {
	return value === undefined ? "not there" : JSON.stringify(value);
}
