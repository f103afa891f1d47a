import { type CommandLine, parseCommandLine } from "./cmdline.ts";
import type { EvaluatedKey } from "./evaluate.ts";
import { type Finding, visible } from "./findings.ts";

/**
 * Whether a node was booted with its KERNEL_PARAMETERS: the companion puts them on the command line, and another boot
 * server, or a companion that does not know the node by that name, does not. Without a command line nothing is said.
 */
export function checkBootedParameters(
	file: string,
	evaluated: readonly EvaluatedKey[],
	{ parameters }: Pick<CommandLine, "parameters">,
): Finding[] {
	const { winner, value = "" } = evaluated.find(({ key }) => key === "KERNEL_PARAMETERS") ?? {};
	if (winner === undefined || parameters.length === 0) return [];
	const booted = new Set(parameters.map(textOf));
	const missing = parseCommandLine(value)
		.parameters.map(textOf)
		.filter((text) => !booted.has(text));
	if (missing.length === 0) return [];
	const { entry } = winner;
	return [
		{
			severity: "warning",
			code: "lts-conf.not-booted-with",
			file,
			line: entry.valueLine,
			column: entry.valueColumn,
			endColumn: entry.valueColumn + Math.max(1, entry.raw.length),
			message: `KERNEL_PARAMETERS: ${visible(missing.join(" "))} is not on this node's kernel command line`,
			hint: "It takes a boot to get there; the companion must know the node as that section does: by MAC address, or by name and address of its [hosts].",
		},
	];
}

function textOf({ name, value }: CommandLine["parameters"][number]): string {
	return value === undefined ? name : `${name}=${value}`;
}
