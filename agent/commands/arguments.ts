import { parseArgs } from "node:util";
import { describeWrongOption, NetherdError } from "../errors.ts";
import { type CommandDescription, commands, type OptionDescription, wordKind } from "./command-table.ts";

/** What was asked for on the command line. */
export type Request =
	| { readonly kind: "overview" }
	| { readonly kind: "version" }
	| { readonly kind: "page"; readonly command: CommandDescription }
	| {
			readonly kind: "run";
			readonly command: CommandDescription;
			readonly options: Options;
			readonly positionals: readonly string[];
	  };

/** By name: the word that follows an option, the words where it takes several, `true` where it takes none. */
export type Options = Readonly<Record<string, string | true | readonly string[] | undefined>>;

/**
 * Reads the words after `agent`.
 *
 * @throws {NetherdError} `usage.unknown-command`, `usage.bad-option`, `usage.wrong-words`.
 */
export function parseArguments(argv: readonly string[]): Request {
	const [first, ...rest] = argv;
	if (first === undefined || first === "--help" || first === "-h" || first === "help")
		return { kind: "overview" };
	if (first === "--version" || first === "version") return { kind: "version" };
	const command = commands.find(({ name }) => name === first);
	if (command === undefined) {
		throw new NetherdError("usage.unknown-command", `there is no command ${JSON.stringify(first)}`, {
			hint: `the commands are ${commands.map(({ name }) => name).join(", ")}; agent --help explains them`,
		});
	}
	if (rest.includes("--help") || rest.includes("-h")) return { kind: "page", command };
	return { kind: "run", command, ...parseOptions(command, rest) };
}

function parseOptions(command: CommandDescription, words: readonly string[]) {
	const hint = `see: agent ${command.name} --help`;
	const { pairs, rest } = takePairs(command, words, hint);
	let parsed: ReturnType<typeof parseArgs>;
	try {
		parsed = parseArgs({
			args: rest,
			allowPositionals: true,
			options: Object.fromEntries(
				command.options.map(({ name, value }) => [
					name,
					{ type: value === undefined ? "boolean" : "string" },
				]),
			),
		});
	} catch (error) {
		throw badOption(describeWrongOption(error), hint);
	}
	requirePositionals(command, parsed.positionals, hint);
	const options = { ...parsed.values, ...pairs } as Options;
	for (const option of command.options) {
		if (options[option.name] === undefined) continue;
		requireChoice(option, options[option.name], hint);
		requireCompany(option, options, hint);
	}
	return { options, positionals: parsed.positionals };
}

/** Options that take several words, as in `--diff OLD NEW`, which node:util knows nothing of. */
function takePairs(command: CommandDescription, words: readonly string[], hint: string) {
	const rest = [...words];
	const pairs: Record<string, readonly string[]> = {};
	for (const { name, value = "" } of command.options) {
		const count = value.split(" ").length;
		if (count < 2) continue;
		const at = rest.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
		if (at < 0) continue;
		const [option = "", ...taken] = rest.splice(at, 1 + count);
		const first = option.includes("=") ? [option.slice(option.indexOf("=") + 1)] : [];
		if (first.length > 0) rest.splice(at, 0, ...taken.splice(count - 1));
		const given = [...first, ...taken];
		if (given.length < count || given.some((word) => word.startsWith("--"))) {
			throw badOption(`--${name} takes ${value}, ${notWhat(given)}`, hint);
		}
		pairs[name] = given;
	}
	return { pairs, rest };
}

function requirePositionals(command: CommandDescription, given: readonly string[], hint: string): void {
	const known = command.positionals ?? [];
	const required = known.filter((word) => !word.startsWith("["));
	if (given.length >= required.length && given.length <= known.length) return;
	const expected = known.length === 0 ? "no further words" : known.join(" ");
	throw new NetherdError("usage.wrong-words", `agent ${command.name} takes ${expected}, ${notWhat(given)}`, {
		hint,
	});
}

function requireChoice({ name, value = "" }: OptionDescription, given: Options[string], hint: string): void {
	const kind = wordKind(value);
	if (kind.kind !== "choice" || given === undefined || kind.choices.some((choice) => choice === given))
		return;
	throw badOption(`--${name} is ${JSON.stringify(given)}, not ${kind.choices.join(" or ")}`, hint);
}

function requireCompany({ name, notWith = [], onlyWith }: OptionDescription, given: Options, hint: string) {
	const unfit = notWith.find((other) => given[other] !== undefined);
	if (unfit !== undefined) throw badOption(`--${name} and --${unfit} do not go together`, hint);
	if (onlyWith !== undefined && given[onlyWith] === undefined) {
		throw badOption(`--${name} needs --${onlyWith}`, hint);
	}
}

function notWhat(given: readonly string[]): string {
	return given.length === 0 ? "and there is none" : `not ${JSON.stringify(given.join(" "))}`;
}

function badOption(message: string, hint: string): NetherdError {
	return new NetherdError("usage.bad-option", message, { hint });
}
