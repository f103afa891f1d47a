import { type CommandDescription, commands, type OptionDescription } from "./command-table.ts";
import { wrap } from "./wrap.ts";

const helpOption: OptionDescription = { name: "help", help: "show this" };

/** The page of `agent --help`. */
export function overview(version: string): string {
	const width = Math.max(...commands.map((command) => usageOf(command).length));
	return [
		`agent ${version}: boots a stateless Kubernetes node from one lts.conf`,
		"",
		"usage:",
		...commands.map((command) => `  agent ${usageOf(command).padEnd(width)}  ${command.summary}`),
		"",
		`  agent COMMAND --help  explains one; agent --version prints the version`,
		"",
		"exit codes: 0 done; 1 failed (check --strict: warnings); 2 wrong usage, or errors in lts.conf",
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

function usageOf({ name, positionals = [] }: CommandDescription): string {
	return [name, ...positionals].join(" ");
}

function optionUsage({ name, value }: OptionDescription): string {
	return value === undefined ? `--${name}` : `--${name} ${value}`;
}
