import { initramfsStage, initStage, joinStage } from "./boot.ts";
import { type Options, parseArguments, type Request } from "./commands/arguments.ts";
import { check } from "./commands/check.ts";
import { describeNode } from "./commands/describe-node.ts";
import { diff } from "./commands/diff.ts";
import { explain } from "./commands/explain.ts";
import type { Output } from "./commands/findings-output.ts";
import { commandPage, overview } from "./commands/help.ts";
import { join } from "./commands/join.ts";
import { migrate } from "./commands/migrate.ts";
import { boot, init, type MakeHost } from "./commands/node.ts";
import { status } from "./commands/status.ts";
import { waitsForKernel } from "./download/unanswered.ts";
import { describeError } from "./errors.ts";
import type { Facts } from "./facts/facts.ts";
import { gatherInitAlone } from "./facts/gather.ts";
import { dryHost } from "./host/dry-host.ts";
import { endProcess } from "./host/end-process.ts";
import { gatherHardware } from "./host/hardware.ts";
import { linuxHost } from "./host/linux-host.ts";
import { serializeFacts } from "./host/stage-record.ts";
import { type StagePlan, serializePlans } from "./plan/plan.ts";
import { actionDetails, actionLine } from "./plan/render.ts";
import { runPlan } from "./run-plan.ts";
import { planFromFacts } from "./run-stage.ts";
import { agentVersion } from "./version.ts";

type Run = Extract<Request, { kind: "run" }>;

const print = (text: string) => void process.stdout.write(text);
const printLine = (line: string) => void process.stdout.write(`${line}\n`);
const note = (line: string) => void process.stderr.write(`${line}\n`);

/** On a node: the real machine. */
const realHost: MakeHost = (root, secrets, log, listeners) =>
	linuxHost({
		root,
		secrets,
		progress: log.info,
		output: (program, line) => log.debug(`${program}: ${line}`),
		...listeners,
	});

async function main(argv: readonly string[]): Promise<number> {
	const request = parseArguments(argv);
	switch (request.kind) {
		case "overview":
			print(overview(agentVersion));
			return 0;
		case "version":
			printLine(agentVersion);
			return 0;
		case "page":
			print(commandPage(request.command));
			return 0;
		case "run":
			return await run(request);
	}
}

async function run({ command, options, positionals }: Run): Promise<number> {
	const output = { format: formatOf(options), colour: process.stdout.isTTY === true, print };
	const [file = "", key] = positionals;
	switch (command.name) {
		case "--dry-run":
			return Array.isArray(options.diff)
				? showDifference(options.diff, options, output)
				: await dryRun(options);
		case "check":
			return check(file, { strict: options.strict === true }, output);
		case "migrate":
			return migrate(file, { write: options.write === true }, output);
		case "explain":
			return explain(file, key, { ...identity(options), all: options.all === true }, output);
		case "facts":
			print(serializeFacts(await factsOfThisMachine()));
			return 0;
		case "status":
			return await status("/", output);
		case "boot":
			return await boot(word(options["new-root"]) ?? "/root", realHost, printLine);
		case "init":
			return await init(realHost, printLine);
		default:
			return await join(realHost, printLine);
	}
}

/** The plan of a described node, on a host that shows instead of doing. */
async function dryRun(options: Options): Promise<number> {
	const node = await describeNode(
		{
			...identity(options),
			conf: word(options.conf),
			facts: word(options.facts),
			key: word(options.key),
			offline: options.offline === true,
		},
		note,
	);
	const plans = node.stages
		.filter(({ stage }) => options.stage === undefined || stage === options.stage)
		.map(planOf);
	if (formatOf(options) === "json") {
		print(serializePlans(plans));
		return 0;
	}
	for (const line of node.assumed) printLine(`assumed   ${line}`);
	for (const line of node.read) printLine(`read      ${line}`);
	for (const plan of plans) await show(plan);
	return 0;
}

/** What would change between two files; plans are made and compared, and no host is asked. */
function showDifference([oldFile = "", newFile = ""]: readonly string[], options: Options, output: Output) {
	const stage = word(options.stage);
	return diff(
		oldFile,
		newFile,
		{ ...identity(options), allNodes: options["all-nodes"] === true, stage },
		output,
	);
}

async function factsOfThisMachine(): Promise<Facts> {
	const { facts } = await gatherInitAlone(note);
	return { ...facts, hardware: await gatherHardware() };
}

function planOf(facts: Facts): StagePlan {
	switch (facts.stage) {
		case "initramfs":
			return planFromFacts(initramfsStage, facts);
		case "init":
			return planFromFacts(initStage, facts);
		case "join":
			return planFromFacts(joinStage, facts);
	}
}

async function show(plan: StagePlan): Promise<void> {
	const host = dryHost((action) => {
		printLine(`    ${actionLine(action)}`);
		for (const detail of actionDetails(action)) printLine(`        ${detail}`);
	});
	await runPlan(plan, host, [
		{
			stageStarted: ({ name }) => printLine(`\nSTAGE ${name}`),
			stepStarted: (_, step, actions) => printLine(`\n  ${step}${actions === 0 ? ": nothing to do" : ""}`),
		},
	]);
}

function identity(options: Options) {
	return {
		cmdline: word(options.cmdline),
		mac: word(options.mac),
		ip: word(options.ip),
		hostname: word(options.hostname),
	};
}

function formatOf(options: Options): "text" | "json" {
	return options.format === "json" ? "json" : "text";
}

function word(option: Options[string]): string | undefined {
	return typeof option === "string" ? option : undefined;
}

// `agent --dry-run | head` closes the pipe early: that is no failure.
process.stdout.on("error", (error: Error & { code?: string }) => {
	if (error.code !== "EPIPE") throw error;
	process.exit();
});

main(process.argv.slice(2)).then(
	(exitCode) => end(exitCode),
	(error: unknown) => {
		note(`agent: ${describeError(error)}`);
		end(isUsersMistake(error) ? 2 : 1);
	},
);

function end(exitCode: number): void {
	process.exitCode = exitCode;
	if (waitsForKernel()) endProcess(exitCode);
}

function isUsersMistake(error: unknown): boolean {
	return error instanceof Error && "code" in error && /^(usage|config)\./.test(String(error.code));
}
