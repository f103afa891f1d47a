import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeError, NetherdError } from "../agent/errors.ts";
import { agentVersion as version } from "../agent/version.ts";
import { checkReport, checkText } from "./check.ts";
import { type CompanionArguments, examine, serve } from "./companion.ts";
import { readConfig } from "./config/read-config.ts";
import { checkHelp, mainHelp, serveHelp } from "./help.ts";
import { createLog } from "./log.ts";

/** Exit codes: 0 done, 1 unexpected, 2 refused. */
async function main(args: readonly string[]): Promise<number> {
	const [command, ...rest] = args;
	switch (command) {
		case "--version":
			process.stdout.write(`${version}\n`);
			return 0;
		case undefined:
		case "--help":
		case "-h":
		case "help":
			process.stdout.write(mainHelp);
			return 0;
		case "serve":
			return runServe(rest);
		case "check":
			return runCheck(rest);
		default:
			throw usage(`unknown command ${command}`);
	}
}

async function runServe(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args, { "log-format": { type: "string" } });
	if (values.help === true) {
		process.stdout.write(serveHelp());
		return 0;
	}
	const options = companionArguments(values, positionals);
	const config = readConfig(options.configFile);
	const emit = createLog({
		format: choice("--log-format", values["log-format"], ["text", "json"]) ?? config.log.format,
		level: config.log.level,
		colours: process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "",
		now: () => new Date(),
		write: (line) => process.stdout.write(line),
	});
	// The reader of the log may go away; nodes still want to boot.
	process.stdout.on("error", () => {});
	await serve({ ...options, config, version }, emit, stopSignal());
	return 0;
}

async function runCheck(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args, { format: { type: "string" } });
	if (values.help === true) {
		process.stdout.write(checkHelp());
		return 0;
	}
	const isJson = choice("--format", values.format, ["text", "json"]) === "json";
	try {
		const options = companionArguments(values, positionals);
		const report = checkReport(await examine(options, readConfig(options.configFile)));
		process.stdout.write(isJson ? `${JSON.stringify(report, null, "\t")}\n` : checkText(report));
		return 0;
	} catch (error) {
		if (!isJson || !(error instanceof NetherdError)) throw error;
		const { code, message, hint } = error;
		process.stdout.write(`${JSON.stringify({ ok: false, error: { code, message, hint } }, null, "\t")}\n`);
		return 2;
	}
}

/** Aborts on SIGTERM, SIGINT and SIGHUP. A second one ends at once: the kernel then kills the children. */
function stopSignal(): AbortSignal {
	const controller = new AbortController();
	for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
		process.on(name, () => {
			if (controller.signal.aborted) process.exit(1);
			controller.abort(name);
		});
	}
	return controller.signal;
}

function parse(
	args: readonly string[],
	options: Readonly<Record<string, { type: "string" }>>,
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
	try {
		return parseArgs({
			args: [...args],
			allowPositionals: true,
			options: { config: { type: "string" }, help: { type: "boolean", short: "h" }, ...options },
		});
	} catch (error) {
		throw usage(error instanceof Error ? error.message : String(error));
	}
}

function companionArguments(
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

function choice<const T extends string>(name: string, value: unknown, choices: readonly T[]): T | undefined {
	if (value === undefined) return undefined;
	const found = choices.find((one) => one === value);
	if (found === undefined) throw usage(`${name} ${String(value)}: choose ${choices.join(" or ")}`);
	return found;
}

function usage(message: string): NetherdError {
	return new NetherdError("server.usage", message, {
		hint: "companion serve DIR --config FILE; companion --help says more",
	});
}

main(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		const isRefusal = error instanceof NetherdError;
		process.stderr.write(`companion: ${describeError(error)}\n`);
		if (!isRefusal && error instanceof Error) process.stderr.write(`${error.stack}\n`);
		process.exitCode = isRefusal ? 2 : 1;
	},
);
