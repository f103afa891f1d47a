import { isDifferent, type NodeComparison } from "./compare-node.ts";
import type { ActionChange } from "./compare-plans.ts";

/** Nodes on which the same changes. */
export interface NodeGroup {
	/** In the order of the files; the first one's changes stand for all. */
	readonly nodes: readonly NodeComparison[];
}

/** Only nodes with a difference. What is around a changed line, and which line of lts.conf asks for it, may differ. */
export function groupComparisons(comparisons: readonly NodeComparison[]): NodeGroup[] {
	const groups = new Map<string, NodeComparison[]>();
	for (const comparison of comparisons.filter(isDifferent)) {
		const key = JSON.stringify(essence(comparison));
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [comparison]);
		else group.push(comparison);
	}
	return [...groups.values()].map((nodes) => ({ nodes }));
}

function essence({ settings, stages, failures }: NodeComparison): unknown {
	return [
		settings.map((setting) => [setting.key, setting.old?.value, setting.new?.value]),
		stages.map(({ name, steps }) => [name, steps.map((step) => [step.name, step.changes.map(essenceOf)])]),
		failures,
	];
}

function essenceOf(change: ActionChange): unknown {
	const actions = ["old" in change ? change.old : undefined, "new" in change ? change.new : undefined];
	const diff = "diff" in change ? change.diff : undefined;
	const heads = actions.map(
		(action) => action && { ...action, because: undefined, content: undefined, environment: undefined },
	);
	return [change.change, heads, diff?.split("\n").filter((line) => /^[-+\\]/.test(line))];
}
