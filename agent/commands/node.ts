import { existsSync, readFileSync, statfsSync } from "node:fs";
import { uptime } from "node:os";
import { initramfsStage, initStage } from "../boot.ts";
import { parseCommandLine } from "../config/cmdline.ts";
import type { DownloadEvent } from "../download/download-event.ts";
import { NetherdError } from "../errors.ts";
import type { Facts } from "../facts/facts.ts";
import { gatherInit, gatherInitAlone, gatherInitramfs } from "../facts/gather.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";
import { verifyNone } from "../facts/verification.ts";
import type { Host } from "../host/host.ts";
import { ImageReporter } from "../host/image-reporter.ts";
import { lastResort } from "../host/last-resort.ts";
import type { LinuxHostOptions } from "../host/linux-host.ts";
import { reportEvent } from "../host/report-event.ts";
import { saveSecrets } from "../host/secret-store.ts";
import { type Log, nodeLog } from "../log.ts";
import { kernelCommandLine, networkBlockDevice, runningSystemd } from "../paths.ts";
import { runStage } from "../run-stage.ts";
import { failureHandling } from "./failure-handling.ts";
import { runStartingOverOnce } from "./start-over.ts";

/** Makes the host of a stage: `root` is the folder that its paths are within. */
export type MakeHost = (
	root: string,
	secrets: Readonly<Record<string, string>>,
	log: Log,
	listeners?: Pick<LinuxHostOptions, "onDownloadEvent" | "downloadSignal" | "join">,
) => Host;

type Say = (line: string) => void;

/** `agent boot`: stages 1 and 2 in one process, because starting a second costs a second on slow machines. */
export async function boot(newRoot: string, makeHost: MakeHost, say: Say): Promise<number> {
	requireInitramfs();
	const log = nodeLog(say);
	let facts: Facts | undefined;
	try {
		sayIfUnverified(log);
		const gathered = await gatherInitramfs(newRoot, log.info);
		facts = gathered.facts;
		sayWarnings(facts, log);
		const initramfs = await announced("initramfs", facts, log, () =>
			runStartingOverOnce(gathered, {
				gather: () => gatherInitramfs(newRoot, log.info),
				run: (now, witness, downloadSignal) => {
					const report = reportDownload(now.facts, log);
					const host = makeHost("/", now.secrets, log, {
						onDownloadEvent(event) {
							witness(event);
							report(event);
						},
						downloadSignal,
					});
					return runStage(initramfsStage, now, host, log);
				},
				say: log.warn,
			}),
		);

		const init = gatherInit(newRoot, initramfs);
		facts = init.facts;
		saveSecrets(init.secrets);
		await announced("init", facts, log, () =>
			runStage(initStage, init, makeHost(newRoot, init.secrets, log), log),
		);
		return 0;
	} catch (error) {
		return await failed(error, facts, log);
	}
}

/** `agent init`: stage 2 in a root that something else mounted. */
export async function init(makeHost: MakeHost, say: Say): Promise<number> {
	requireNoSystemd();
	const log = nodeLog(say);
	let facts: Facts | undefined;
	try {
		sayIfUnverified(log);
		const gathered = await gatherInitAlone(log.info);
		facts = gathered.facts;
		sayWarnings(facts, log);
		saveSecrets(gathered.secrets);
		await announced("init", facts, log, () =>
			runStage(initStage, gathered, makeHost("/", gathered.secrets, log), log),
		);
		return 0;
	} catch (error) {
		return await failed(error, facts, log);
	}
}

/** Loudly, because one word that somebody left on the command line gives the node to whoever answers first. */
function sayIfUnverified(log: Log): void {
	if (parseCommandLine(readFileSync(kernelCommandLine, "utf8")).verify !== "none") return;
	log.warn("****************************************************************");
	log.warn(`NOTHING IS VERIFIED: ${verifyNone} is on the command line`);
	log.warn("whoever answers on this network decides what this node runs");
	log.warn("****************************************************************");
}

/** What is odd in lts.conf or on the command line, but no reason to stop. */
function sayWarnings(facts: Facts, log: Log): void {
	for (const { file, line, column, message, hint } of resolveFacts(facts).findings) {
		log.warn(`${file}:${line}:${column}: ${message}. ${hint}`);
	}
}

/** Runs a stage between two messages to the server. */
export async function announced<Outcome>(
	stage: string,
	facts: Facts,
	log: Log,
	run: () => Promise<Outcome>,
): Promise<Outcome> {
	const tell = (event: "stage-started" | "stage-done", durationMs?: number) =>
		reportEvent(
			serverOf(facts),
			{ ...about(facts), event, stage, ...(durationMs === undefined ? {} : { durationMs }) },
			log,
		);
	const startedMs = performance.now();
	const started = tell("stage-started");
	const outcome = await run();
	await started;
	await tell("stage-done", Math.round(performance.now() - startedMs));
	return outcome;
}

/** Passes on to the server what a download tells. */
function reportDownload(facts: Facts, log: Log): (event: DownloadEvent) => void {
	const reporter = new ImageReporter((event) =>
		reportEvent(serverOf(facts), { ...about(facts), stage: facts.stage, ...event }, log),
	);
	return (event) => reporter.take(event);
}

async function failed(error: unknown, facts: Facts | undefined, log: Log): Promise<number> {
	await reportFailure(error, facts, log);
	await lastResort(error, failureHandling(facts, readFileSync(kernelCommandLine, "utf8")));
	return 1;
}

export async function reportFailure(error: unknown, facts: Facts | undefined, log: Log): Promise<void> {
	const message = error instanceof Error ? error.message : String(error);
	const code = error instanceof NetherdError ? error.code : "boot.action-failed";
	log.debug(message, { code, stack: error instanceof Error ? error.stack : undefined });
	const stage = facts?.stage ?? "initramfs";
	await reportEvent(serverOf(facts), { ...about(facts), event: "boot-failed", stage, code, message }, log);
}

export function about(facts: Facts | undefined) {
	const { mac, hostname } = facts?.network ?? {};
	return {
		...(mac === undefined ? {} : { mac }),
		...(hostname === undefined ? {} : { hostname }),
		uptimeSeconds: Math.round(uptime() * 10) / 10,
	};
}

export function serverOf(facts: Facts | undefined): string | undefined {
	return parseCommandLine(facts?.commandLine ?? readFileSync(kernelCommandLine, "utf8")).server;
}

/** statfs(2) f_type of the two file systems that an initramfs can be. */
const initramfsTypes = new Set([0x858458f6, 0x01021994]);

function requireInitramfs(): void {
	const { boot, root } = parseCommandLine(readFileSync(kernelCommandLine, "utf8"));
	const wanted = boot === "netherd" || root === networkBlockDevice;
	if (wanted && initramfsTypes.has(statfsSync("/").type)) return;
	throw new NetherdError(
		"boot.not-in-initramfs",
		"agent boot mounts over the running system, and this is not an initramfs that was asked for it",
		{
			hint: "to see what a node would do, run: agent --dry-run",
		},
	);
}

function requireNoSystemd(): void {
	if (!existsSync(runningSystemd)) return;
	throw new NetherdError(
		"boot.system-running",
		"agent init rewrites the system before its init starts, and systemd is running",
		{
			hint: "to see what a node would do, run: agent --dry-run --stage init",
		},
	);
}
