import { compareNaturally } from "../../config/natural-order.ts";
import type { Configuration } from "../../config/resolve.ts";
import { comparePlans, type StageChanges } from "./compare-plans.ts";
import type { ComparedNode } from "./nodes.ts";
import { configureNode, isFailure, type PlanFailure, planNode } from "./plan-version.ts";
import type { Version } from "./versions.ts";

/** A key whose value differs; absent values are not set. */
export interface SettingChange {
	readonly key: string;
	readonly old?: SettingSide;
	readonly new?: SettingSide;
}

export interface SettingSide {
	readonly value: string;
	/** `lts.conf:12 [default]`, `default` … */
	readonly whence: string;
}

/** What the second file would change on a node. */
export interface NodeComparison {
	readonly node: ComparedNode;
	/** The name that the node will have; the section's when it can't be planned. */
	readonly hostname: string;
	readonly oldHostname?: string;
	readonly settings: readonly SettingChange[];
	readonly stages: readonly StageChanges[];
	/** Why one of the files gives no plan for it. */
	readonly failures: readonly PlanFailure[];
}

/** Compares one node; without a difference in its settings it is not even planned, because plans follow from them. */
export function compareNode(
	node: ComparedNode,
	commandLine: string,
	{ before, after }: { before: Version; after: Version },
): NodeComparison {
	const old = configureNode(node, commandLine, before);
	const next = configureNode(node, commandLine, after);
	const nothing = { node, hostname: node.name, settings: [], stages: [], failures: [] };
	if (isFailure(old) || isFailure(next)) return { ...nothing, failures: [old, next].filter(isFailure) };

	const settings = compareSettings(old.configuration, next.configuration);
	const named = { ...nothing, hostname: next.hostname, oldHostname: old.hostname, settings };
	if (settings.length === 0) return named;

	const [oldPlan, newPlan] = [planNode(old), planNode(next)];
	if (isFailure(oldPlan) || isFailure(newPlan)) {
		return { ...named, failures: [oldPlan, newPlan].filter(isFailure) };
	}
	return { ...named, stages: comparePlans(oldPlan, newPlan) };
}

export function isDifferent({ settings, failures }: NodeComparison): boolean {
	return settings.length > 0 || failures.length > 0;
}

function compareSettings(before: Configuration, after: Configuration): SettingChange[] {
	const [old, next] = [sides(before), sides(after)];
	return [...new Set([...old.keys(), ...next.keys()])]
		.filter((key) => old.get(key)?.value !== next.get(key)?.value)
		.sort(compareNaturally)
		.map((key) => {
			const [oldSide, newSide] = [old.get(key), next.get(key)];
			return {
				key,
				...(oldSide === undefined ? {} : { old: oldSide }),
				...(newSide === undefined ? {} : { new: newSide }),
			};
		});
}

function sides(configuration: Configuration): Map<string, SettingSide> {
	return new Map(
		configuration
			.explainAll()
			.flatMap(({ key, value }) =>
				value === undefined ? [] : [[key, { value, whence: configuration.whence(key) }] as const],
			),
	);
}
