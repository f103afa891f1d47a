import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeWrongOption, NetherdError } from "../agent/errors.ts";
import type { CompanionArguments } from "./companion.ts";

/**
 * Takes a command's words apart; every command knows --help and --config.
 *
 * @throws {NetherdError} `server.usage`
 */
export function parse(
	args: readonly string[],
	options: Readonly<Record<string, { type: "string" | "boolean" }>> = {},
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: { config: { type: "string" }, help: { type: "boolean", short: "h" }, ...options },
		});
	} catch (error) {
		throw usage(describeWrongOption(error));
	}
}

/**
 * DIR --config FILE.
 *
 * @throws {NetherdError} `server.usage`
 */
export function companionArguments(
	values: Readonly<Record<string, unknown>>,
	positionals: readonly string[],
): CompanionArguments {
	const [folder, ...more] = positionals;
	const configFile = values.config;
	if (folder === undefined) throw usage("the folder to serve is missing");
	if (more.length > 0) throw usage(`one folder only, not also ${more.join(" ")}`);
	if (typeof configFile !== "string") throw usage("--config FILE is missing");
	return { folder: resolve(folder), configFile, searchPath: process.env.PATH ?? "" };
}

/** @throws {NetherdError} `server.usage` */
export function choice<const T extends string>(
	name: string,
	value: unknown,
	choices: readonly T[],
): T | undefined {
	if (value === undefined) return undefined;
	const found = choices.find((one) => one === value);
	if (found === undefined) throw usage(`${name} ${String(value)}: choose ${choices.join(" or ")}`);
	return found;
}

/** Something is wrong with the command line. @param hint How it is written. */
export function usage(
	message: string,
	hint = "companion serve DIR --config FILE; companion --help says more",
): NetherdError {
	return new NetherdError("server.usage", message, { hint });
}

/**
 * Runs a command that prints a report for people or as JSON. As JSON a refusal is part of the report, on standard output.
 *
 * @param command Returns the report, its text for people, and the exit code.
 */
export async function report(
	isJson: boolean,
	command: () => Promise<{ readonly json: object; readonly text: string; readonly exitCode?: number }>,
): Promise<number> {
	try {
		const { json, text, exitCode } = await command();
		process.stdout.write(isJson ? `${JSON.stringify(json, null, "\t")}\n` : text);
		return exitCode ?? 0;
	} catch (error) {
		if (!isJson || !(error instanceof NetherdError)) throw error;
		const { code, message, hint } = error;
		process.stdout.write(`${JSON.stringify({ ok: false, error: { code, message, hint } }, null, "\t")}\n`);
		return 2;
	}
}
