import { type ParseArgsConfig, parseArgs } from "node:util";
import { describeWrongOption, NetherdError } from "../../agent/errors.ts";

type OptionsConfig = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads the words after a command; every command takes `--help`.
 *
 * @throws {NetherdError} `usage.bad-option`.
 */
export function readOptions<const Options extends OptionsConfig>(
	command: string,
	words: readonly string[],
	options: Options,
) {
	try {
		return parseArgs({
			args: [...words],
			allowPositionals: true,
			options: { ...options, help: { type: "boolean", short: "h" } },
		});
	} catch (error) {
		throw badOption(describeWrongOption(error), `see: image ${command} --help`);
	}
}

/** @returns `usage.bad-option`. */
export function badOption(message: string, hint: string): NetherdError {
	return new NetherdError("usage.bad-option", message, { hint });
}
