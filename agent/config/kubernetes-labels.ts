import type { Reading } from "./values.ts";

/** A label of a Node object. */
export interface Label {
	readonly key: string;
	readonly value: string;
}

/** A taint of a Node object (v1.Taint). */
export interface TaintText {
	readonly key: string;
	/** Absent: none. */
	readonly value?: string;
	readonly effect: (typeof taintEffects)[number];
}

const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

/** Longest name of a label, and longest value ("Labels and Selectors" of the Kubernetes documentation). */
const longestName = 63;
const longestDomain = 253;

/**
 * Reads `key=value` of a label that a kubelet registers with. Those of Kubernetes' own domains are refused that the
 * kubelet refuses (`--node-labels` in the kubelet's reference; NodeRestriction in "Using Node Authorization").
 */
export function readLabel(text: string): Reading<Label> {
	const equals = text.indexOf("=");
	if (equals < 0) return { problem: "not a label: key=value" };
	const key = text.slice(0, equals);
	const value = text.slice(equals + 1);
	const problem = problemOfKey(key) ?? problemOfValue(value) ?? problemForKubelet(key, value);
	return problem === undefined ? { value: { key, value } } : { problem };
}

/** Reads `key=value:Effect` or `key:Effect`. */
export function readTaint(text: string): Reading<TaintText> {
	const [, key, value, word] = /^([^=:]*)(?:=([^:]*))?:([^:]*)$/.exec(text) ?? [];
	if (key === undefined) return { problem: "not a taint: key=value:Effect or key:Effect" };
	const effect = taintEffects.find((each) => each === word);
	if (effect === undefined) {
		return { problem: `the effect is not ${taintEffects.slice(0, -1).join(", ")} or ${taintEffects.at(-1)}` };
	}
	const problem = problemOfKey(key) ?? (value === undefined ? undefined : problemOfValue(value));
	if (problem !== undefined) return { problem };
	return { value: { key, ...(value === undefined ? {} : { value }), effect } };
}

/** A DNS subdomain in lower case (RFC 1123): the name of a Node, and of most other objects. */
export function isDnsSubdomain(text: string): boolean {
	return (
		text.length <= longestDomain &&
		text.split(".").every((label) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label))
	);
}

/** Kubernetes' "qualified name": a name, with the domain of whoever defines it and `/` before. */
function problemOfKey(key: string): string | undefined {
	const parts = key.split("/");
	const name = parts.at(-1) ?? "";
	if (parts.length > 2) return "the key has more than one /";
	if (parts.length === 2 && !isDnsSubdomain(parts[0] ?? "")) {
		return `what stands before the / is not a domain in lower case of at most ${longestDomain} characters`;
	}
	return problemOfWord(name, "the key");
}

function problemOfValue(value: string): string | undefined {
	return value === "" ? undefined : problemOfWord(value, "the value");
}

function problemOfWord(word: string, what: string): string | undefined {
	if (word === "") return `${what} is empty`;
	if (word.length > longestName) return `${what} is longer than ${longestName} characters`;
	if (/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(word)) return undefined;
	return `${what} is not of letters, digits, - _ and ., with a letter or digit at both ends`;
}

/** What a kubelet may set of Kubernetes' own labels: these domains with all below them … */
const kubeletDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];
/** … and these. */
const kubeletLabels = new Set([
	"beta.kubernetes.io/arch",
	"beta.kubernetes.io/instance-type",
	"beta.kubernetes.io/os",
	"failure-domain.beta.kubernetes.io/region",
	"failure-domain.beta.kubernetes.io/zone",
	"kubernetes.io/arch",
	"kubernetes.io/hostname",
	"kubernetes.io/os",
	"node.kubernetes.io/instance-type",
	"topology.kubernetes.io/region",
	"topology.kubernetes.io/zone",
]);

function problemForKubelet(key: string, value: string): string | undefined {
	const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
	const isKubernetes = /^(?:.*\.)?(?:kubernetes|k8s)\.io$/.test(domain);
	if (!isKubernetes || kubeletLabels.has(key) || kubeletDomains.some((own) => isBelow(domain, own))) {
		return undefined;
	}
	const why = isBelow(domain, "node-restriction.kubernetes.io")
		? "this domain is kept from nodes"
		: "a kubelet with it does not start";
	return `${why}; set it from the control plane with kubectl label node NAME ${key}=${value}, or use a domain of your own`;
}

function isBelow(domain: string, parent: string): boolean {
	return domain === parent || domain.endsWith(`.${parent}`);
}
