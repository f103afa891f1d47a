import { isDifferent, type NodeComparison } from "./compare-node.ts";
import type { ActionChange } from "./compare-plans.ts";

/** Nodes on which the same changes. */
export interface NodeGroup {
	/** In the order of the files; the first one's changes stand for all. */
	readonly nodes: readonly NodeComparison[];
	/** Where the changes hold a node's own name or address, the others have theirs. */
	readonly differsInNames: boolean;
}

/**
 * Only nodes with a difference. What is around a changed line may differ, and which line of lts.conf asks for it, and the
 * node's own names and addresses.
 */
export function groupComparisons(comparisons: readonly NodeComparison[]): NodeGroup[] {
	const groups = new Map<string, { nodes: NodeComparison[]; texts: Set<string> }>();
	for (const comparison of comparisons.filter(isDifferent)) {
		const key = JSON.stringify(essence(comparison, namesOf(comparison)));
		const text = JSON.stringify(essence(comparison, (each) => each));
		const group = groups.get(key);
		if (group === undefined) groups.set(key, { nodes: [comparison], texts: new Set([text]) });
		else {
			group.nodes.push(comparison);
			group.texts.add(text);
		}
	}
	return [...groups.values()].map(({ nodes, texts }) => ({ nodes, differsInNames: texts.size > 1 }));
}

type Anonymise = (text: string) => string;

/** Replaces whole words that are names of the node. */
function namesOf({ node, hostname, oldHostname }: NodeComparison): Anonymise {
	const { mac, ip } = node.network;
	const names = [
		["{new name}", hostname],
		["{old name}", oldHostname],
		["{mac}", mac],
		["{ip}", ip],
	].filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
	const patterns = names.map(
		([stand, name]) => [stand, new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`, "gi")] as const,
	);
	return (text) => patterns.reduce((done, [stand, pattern]) => done.replace(pattern, stand), text);
}

function essence({ settings, stages, failures }: NodeComparison, anonymise: Anonymise): unknown {
	const side = (value: string | undefined) => value && anonymise(value);
	return [
		settings.map((setting) => [setting.key, side(setting.old?.value), side(setting.new?.value)]),
		stages.map(({ name, steps }) => [
			name,
			steps.map((step) => [step.name, step.changes.map((change) => essenceOf(change, anonymise))]),
		]),
		failures.map(({ file, code, message }) => [file, code, anonymise(message)]),
	];
}

function essenceOf(change: ActionChange, anonymise: Anonymise): unknown {
	const actions = ["old" in change ? change.old : undefined, "new" in change ? change.new : undefined];
	const heads = actions.map((action) =>
		anonymise(JSON.stringify({ ...action, because: undefined, content: undefined, environment: undefined })),
	);
	const diff = "diff" in change ? (change.diff ?? "") : "";
	const lines = diff
		.split("\n")
		.filter((line) => /^[-+\\]/.test(line))
		.map((line) => [line.charAt(0), anonymise(line.slice(1))]);
	return [change.change, heads, lines];
}
