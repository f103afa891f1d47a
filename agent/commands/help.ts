import {
	type CommandDescription,
	commands,
	exitCodes,
	helpOption,
	type OptionDescription,
	programSummary,
} from "./command-table.ts";
import { wrap } from "./wrap.ts";

/** The page of `agent --help`. */
export function overview(version: string): string {
	const width = Math.max(...commands.map((command) => usageOf(command).length));
	return [
		`agent ${version}: ${programSummary}`,
		"",
		"usage:",
		...commands.map((command) => `  agent ${usageOf(command).padEnd(width)}  ${command.summary}`),
		"",
		`  agent COMMAND --help  explains one; agent --version prints the version`,
		"",
		...wrap(`exit codes: ${exitCodes.map(({ code, meaning }) => `${code} ${meaning}`).join("; ")}`, 100),
		"",
	].join("\n");
}

/** The page of `agent COMMAND --help`. */
export function commandPage(command: CommandDescription): string {
	const options = [...command.options, helpOption];
	const width = Math.max(...options.map((option) => optionUsage(option).length));
	return [
		`usage: agent ${usageOf(command)} [options]`,
		"",
		...command.description.flatMap((paragraph) => [...wrap(paragraph, 78), ""]),
		"options:",
		...options.map((option) => `  ${optionUsage(option).padEnd(width)}  ${option.help}`),
		"",
		"examples:",
		...command.examples.map((example) => `  ${example}`),
		"",
	].join("\n");
}

/** `explain FILE [KEY]`. */
export function usageOf({ name, positionals = [] }: CommandDescription): string {
	return [name, ...positionals].join(" ");
}

/** `--mac ADDRESS`. */
export function optionUsage({ name, value }: OptionDescription): string {
	return value === undefined ? `--${name}` : `--${name} ${value}`;
}
