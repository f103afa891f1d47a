import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "../cluster/backoff.ts";
import type { JoinEvent } from "../cluster/join-event.ts";
import type { Machine } from "../cluster/machine.ts";
import { httpGet } from "../facts/http-get.ts";
import type { ProgramRun } from "./run-program.ts";

export interface JoinMachineOptions {
	/** Where a path of the node is to this process. */
	readonly inRoot: (path: string) => string;
	/** Whole, atomically, readable by root alone. */
	readonly replaceFile: (path: string, text: string) => void;
	readonly runProgram: ProgramRun;
	readonly outlets: JoinOutlets;
	/** Receives what programs print, a line at a time, tokens taken out. */
	readonly output: (program: string, line: string) => void;
}

/** What the join tells, and what it asks of those who started it. */
export interface JoinOutlets {
	readonly tell: (event: JoinEvent) => void;
	/** The token that lts.conf has now, where it can be read again. */
	readonly renewedToken: () => Promise<string | undefined>;
	/** Aborted when the join is to stop. */
	readonly signal: AbortSignal;
	readonly patience?: Patience;
}

/** For a join that nobody listens to and nobody stops. */
export const silentOutlets: JoinOutlets = {
	tell: () => undefined,
	renewedToken: async () => undefined,
	signal: new AbortController().signal,
};

/** Of a token: one line. */
const maximumTokenBytes = 4096;
const fetchTimeoutMs = 10_000;

/** This machine, as the join sees it. */
export function joinMachine(options: JoinMachineOptions): Machine {
	const { inRoot, outlets, output } = options;
	return {
		nowMs: () => performance.now(),
		timeMs: () => Date.now(),
		random: () => Math.random(),
		async sleep(milliseconds) {
			await sleep(milliseconds, undefined, { signal: outlets.signal });
		},
		run: (argv, limits) => options.runProgram(argv, { ...limits, signal: outlets.signal }),
		readFile(path) {
			try {
				return readFileSync(inRoot(path), "utf8");
			} catch {
				return undefined;
			}
		},
		replaceFile: options.replaceFile,
		locate: inRoot,
		async fetchText(url) {
			const body = await httpGet(url, {
				maximumBytes: maximumTokenBytes,
				timeoutMs: fetchTimeoutMs,
				retryForMs: 0,
				onRetry: () => undefined,
			});
			return body?.toString("utf8");
		},
		renewedToken: outlets.renewedToken,
		signal: outlets.signal,
		tell: outlets.tell,
		log: (program, line) => output(basename(program), line),
	};
}
