import { parseArgs } from "node:util";
import { NetherdError } from "../errors.ts";
import { type CommandDescription, commands } from "./command-table.ts";

/** What was asked for on the command line. */
export type Request =
	| { readonly kind: "overview" }
	| { readonly kind: "version" }
	| { readonly kind: "page"; readonly command: CommandDescription }
	| {
			readonly kind: "run";
			readonly command: CommandDescription;
			readonly options: Readonly<Record<string, string | true>>;
			readonly positionals: readonly string[];
	  };

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
	let parsed: ReturnType<typeof parseArgs>;
	try {
		parsed = parseArgs({
			args: [...words],
			allowPositionals: true,
			options: Object.fromEntries(
				command.options.map(({ name, value }) => [
					name,
					{ type: value === undefined ? "boolean" : "string" },
				]),
			),
		});
	} catch (error) {
		throw new NetherdError("usage.bad-option", error instanceof Error ? error.message : String(error), {
			hint,
		});
	}
	const wanted = command.positionals ?? [];
	if (parsed.positionals.length !== wanted.length) {
		const expected = wanted.length === 0 ? "no further words" : wanted.join(" ");
		throw new NetherdError(
			"usage.wrong-words",
			`agent ${command.name} takes ${expected}, not ${JSON.stringify(parsed.positionals.join(" "))}`,
			{ hint },
		);
	}
	const options = { ...parsed.values } as Record<string, string | true>;
	if (options.format !== undefined && options.format !== "text" && options.format !== "json") {
		throw new NetherdError(
			"usage.bad-option",
			`--format is ${JSON.stringify(options.format)}, not text or json`,
			{ hint },
		);
	}
	return { options, positionals: parsed.positionals };
}
