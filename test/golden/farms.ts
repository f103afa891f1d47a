import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeNode } from "../../agent/commands/describe-node.ts";
import type { Facts } from "../../agent/facts/facts.ts";

/** The farms with plans; each has a folder here, with a nodes.json and, unless its nodes say otherwise, an lts.conf. */
export const farms = ["single-node", "like-groups", "per-mac-farm", "real-farm"] as const;

/** What nodes.json says about a node: the options of `agent --dry-run`, or the files of facts that a node left. */
interface NodeDescription {
	readonly mac?: string;
	readonly ip?: string;
	readonly hostname?: string;
	readonly cmdline?: string;
	/** From the repository; without it the lts.conf beside nodes.json. */
	readonly conf?: string;
	/** From the farm's folder, one file a stage. */
	readonly facts?: readonly string[];
}

const repository = join(import.meta.dirname, "../..");

export function farmFile(farm: string, file: string): string {
	return join(import.meta.dirname, farm, file);
}

/** The nodes that a farm describes, by name. */
export function nodesOf(farm: string): Readonly<Record<string, NodeDescription>> {
	return JSON.parse(readFileSync(farmFile(farm, "nodes.json"), "utf8")) as Record<string, NodeDescription>;
}

/** The facts of a node, by stage in boot order, got as `agent --dry-run` gets them. */
export async function factsOf(farm: string, node: NodeDescription): Promise<readonly Facts[]> {
	const quiet = () => undefined;
	if (node.facts === undefined) {
		const conf = node.conf === undefined ? farmFile(farm, "lts.conf") : join(repository, node.conf);
		return (await describeNode({ ...node, conf, facts: undefined, offline: true }, quiet)).stages;
	}
	const stages: Facts[] = [];
	for (const file of node.facts) {
		stages.push(...(await describeNode({ facts: farmFile(farm, file), offline: true }, quiet)).stages);
	}
	return stages;
}

/** Every node of every farm, with its facts. */
export async function goldenNodes(): Promise<{ farm: string; name: string; facts: readonly Facts[] }[]> {
	const nodes = farms.flatMap((farm) =>
		Object.entries(nodesOf(farm)).map(([name, node]) => ({ farm, name, node })),
	);
	return await Promise.all(
		nodes.map(async ({ farm, name, node }) => ({ farm, name, facts: await factsOf(farm, node) })),
	);
}

/** The lts.conf files of all farms that can be planned with. */
export function goldenFiles(): readonly string[] {
	const own = farms.map((farm) => farmFile(farm, "lts.conf")).filter((file) => existsSync(file));
	return [...own, farmFile("per-mac-farm", "lts-changed.conf"), join(repository, "examples/lts.conf")];
}
