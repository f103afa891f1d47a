import {
	type CommandDescription,
	commands,
	exitCodes,
	type OptionDescription,
	programSummary,
} from "../../agent/commands/command-table.ts";
import { agentProgram, logFile, ltsConf, stateFolder } from "../../agent/paths.ts";
import { generatedNote, globalOptions, optionsOf } from "./programs.ts";

/** netherd-agent(8), in the macros of man(7). */
export function manualPage(version: string): string {
	const lines = [
		`.\\" ${generatedNote}`,
		`.TH NETHERD\\-AGENT 8 "" "netherd ${version}" netherd`,
		".SH NAME",
		`netherd\\-agent \\- ${text(programSummary)}`,
		".SH SYNOPSIS",
		...commands.flatMap((command, index) => [...(index === 0 ? [] : [".br"]), synopsis(command)]),
		...globalOptions.flatMap(({ name }) => [".br", `${bold("netherd-agent")} ${bold(`--${name}`)}`]),
		".SH DESCRIPTION",
		...paragraphs([
			"The agent is in the initramfs of a node and in its root image. During the boot it reads the farm's lts.conf, brings the root image into RAM, configures it, and joins the node to its cluster. On any other machine it shows what a node would do, and why.",
			"It is installed as netherd-agent, and calls itself agent in its own messages.",
		]),
		".SH COMMANDS",
		...commands.flatMap(commandSection),
		".SH EXIT STATUS",
		...exitCodes.flatMap(({ code, meaning }) => [".TP", bold(String(code)), text(meaning)]),
		".SH FILES",
		...files.flatMap(([path, what]) => [".TP", italic(path), text(what)]),
		".SH SEE ALSO",
		".BR kernel\\-command\\-line (7),",
		".BR systemd (1),",
		".BR initramfs\\-tools (7)",
		".PP",
		text("The keys of lts.conf are in docs/lts-conf.md of netherd, the codes of errors in docs/errors.md."),
	];
	return `${lines.join("\n")}\n`;
}

const files: readonly (readonly [string, string])[] = [
	[agentProgram, "The program; netherd-agent is a link to it."],
	[ltsConf, "The lts.conf that the image brings along; the server's copy replaces it."],
	[
		`${stateFolder}/STAGE/facts.json`,
		"What a stage (initramfs, init, join) knew before it planned; --dry-run --facts takes it.",
	],
	[`${stateFolder}/STAGE/plan.json`, "What it was going to do, in the form of --dry-run --format json."],
	[`${stateFolder}/STAGE/journal.jsonl`, "What it did, a line an action."],
	[logFile, "All of it as JSON lines."],
];

function synopsis({ name, positionals = [] }: CommandDescription): string {
	const words = positionals.map((word) =>
		word.startsWith("[") ? `[${italic(word.slice(1, -1))}]` : italic(word),
	);
	return [bold("netherd-agent"), bold(name), ...words, `[${italic("options")}]`].join(" ");
}

function commandSection(command: CommandDescription): string[] {
	const { name, positionals = [], summary, description, examples } = command;
	return [
		`.SS ${[bold(name), ...positionals.map(italic)].join(" ")}`,
		text(sentence(summary)),
		...description.flatMap((paragraph) => [".PP", text(paragraph)]),
		...optionsOf(command).flatMap((option) => [".TP", optionTag(option), text(sentence(option.help))]),
		".PP",
		examples.length === 1 ? "Example:" : "Examples:",
		".PP",
		".RS 4",
		".nf",
		...examples.map((example) => literal(example.replace(/^agent /, "netherd-agent "))),
		".fi",
		".RE",
	];
}

function optionTag({ name, value }: OptionDescription): string {
	if (value === undefined) return bold(`--${name}`);
	const words = value.split(" ").map((word) => (word.includes("|") ? choices(word) : italic(word)));
	return `${bold(`--${name}`)} ${words.join(" ")}`;
}

function choices(word: string): string {
	return word.split("|").map(bold).join("|");
}

function sentence(words: string): string {
	return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function paragraphs(texts: readonly string[]): string[] {
	return texts.flatMap((each, index) => [...(index === 0 ? [] : [".PP"]), text(each)]);
}

/** Running text: options and names of commands in bold. */
function text(words: string): string {
	const marked = words.replace(/(?<=^|[\s(])(--[a-z][a-z-]*=?)/g, (option) => `\u0001${option}\u0002`);
	return protectStart(escapeRoff(marked).replaceAll("\u0001", "\\fB").replaceAll("\u0002", "\\fR"));
}

function literal(line: string): string {
	return protectStart(escapeRoff(line));
}

function bold(words: string): string {
	return `\\fB${escapeRoff(words)}\\fR`;
}

function italic(words: string): string {
	return `\\fI${escapeRoff(words)}\\fR`;
}

/** `-` is a hyphen and `'` a closing quote to roff, unless they are escaped (groff_char(7)). */
function escapeRoff(words: string): string {
	return words
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replaceAll("'", "\\(aq")
		.replaceAll("~", "\\(ti")
		.replaceAll("^", "\\(ha");
}

/** A line that starts with a dot or an apostrophe would be a request. */
function protectStart(line: string): string {
	return /^[.']/.test(line) ? `\\&${line}` : line;
}
