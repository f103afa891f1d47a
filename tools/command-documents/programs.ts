import {
	type CommandDescription,
	helpOption,
	type OptionDescription,
} from "../../agent/commands/command-table.ts";
import { keys } from "../../agent/config/keys.ts";

/** What the agent is called on a node, and in its own help. */
export const programs = ["netherd-agent", "agent"] as const;

/** With `--help`, which every command has. */
export function optionsOf(command: CommandDescription): readonly OptionDescription[] {
	return [...command.options, helpOption];
}

/** Words that stand alone before any command. */
export const globalOptions: readonly OptionDescription[] = [
	{ name: "help", help: "show all commands" },
	{ name: "version", help: "show the version" },
];

/** The words of `OLD NEW`; none for an option that takes nothing. */
export function valueWords({ value }: OptionDescription): readonly string[] {
	return value === undefined ? [] : value.split(" ");
}

/** Names of options that can't stand beside the option, whichever of the two says so. */
export function conflictsOf(option: OptionDescription, command: CommandDescription): readonly string[] {
	const others = command.options.filter(
		(other) => option.notWith?.includes(other.name) || other.notWith?.includes(option.name),
	);
	return others.map(({ name }) => name);
}

/** What `agent explain FILE` takes for KEY; a family by its start, such as `FSTAB_`. */
export const keyWords: readonly string[] = keys
	.map(({ name }) => name.replace(/\*$/, ""))
	.filter((name) => name !== "LIKE")
	.sort();

export const generatedNote =
	"Generated from agent/commands/command-table.ts by tools/documents.ts: change it there.";
