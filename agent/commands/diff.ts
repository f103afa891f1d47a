import { hasErrors } from "../config/findings.ts";
import { assumptions } from "../facts/assumed-facts.ts";
import { compareNode, isDifferent } from "./diff/compare-node.ts";
import { groupComparisons } from "./diff/group.ts";
import { describedNode, listNodes } from "./diff/nodes.ts";
import { type Difference, differenceToJson, differenceToText } from "./diff/output.ts";
import { readVersions } from "./diff/versions.ts";
import { type Output, printFindings } from "./findings-output.ts";
import { type IdentityOptions, identifyNode } from "./node-identity.ts";

export interface DiffOptions extends IdentityOptions {
	/** Every node that one of the files names, in place of the one that the options describe. */
	readonly allNodes: boolean;
	/** Only this stage. */
	readonly stage?: string | undefined;
}

/**
 * What would change on nodes between two files. Returns the exit code as diff(1): 0 nothing, 1 something, 2 an error.
 *
 * @throws {NetherdError} `usage.bad-option`, `usage.unreadable-file`.
 */
export function diff(oldFile: string, newFile: string, options: DiffOptions, output: Output): number {
	const node = identifyNode({ ...options, cmdline: options.cmdline ?? assumptions.commandLine });
	const versions = readVersions(oldFile, newFile);
	const { before, after } = versions;
	if ([before, after].some(({ findings }) => hasErrors(findings))) {
		const read = oldFile === newFile ? [before] : [before, after];
		printFindings(
			read.flatMap(({ findings }) => findings),
			read,
			output,
		);
		return 2;
	}
	const { nodes, groups: notNodes } = options.allNodes
		? listNodes([after.parsed, before.parsed])
		: { nodes: [describedNode(node)], groups: [] };
	const isWanted = ({ name }: { name: string }) => options.stage === undefined || name === options.stage;
	const comparisons = nodes
		.map((each) => compareNode(each, node.commandLine, versions))
		.map((each) => ({ ...each, stages: each.stages.filter(isWanted) }));
	const difference: Difference = {
		oldFile,
		newFile,
		groups: groupComparisons(comparisons),
		unchanged: comparisons.filter((each) => !isDifferent(each)),
		notNodes,
	};
	output.print(
		output.format === "json"
			? `${JSON.stringify(differenceToJson(difference), null, 1)}\n`
			: differenceToText(difference, output.colour),
	);
	if (comparisons.some(({ failures }) => failures.length > 0)) return 2;
	return difference.groups.length > 0 ? 1 : 0;
}
