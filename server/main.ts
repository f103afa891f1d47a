import { describeError, NetherdError } from "../agent/errors.ts";
import { agentVersion as version } from "../agent/version.ts";
import { choice, companionArguments, parse, report, usage } from "./arguments.ts";
import { checkReport, checkText } from "./check.ts";
import { runDhcpConfig } from "./commands/dhcp-config.ts";
import { runExplain } from "./commands/explain.ts";
import { runReleases } from "./commands/releases.ts";
import { examine, serve } from "./companion.ts";
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
		case "dhcp-config":
			return runDhcpConfig(rest);
		case "explain":
			return runExplain(rest);
		case "releases":
			return runReleases(rest);
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
	return report(isJson, async () => {
		const options = companionArguments(values, positionals);
		const found = checkReport(await examine(options, readConfig(options.configFile)));
		return { json: found, text: checkText(found) };
	});
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
