import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../agent/errors.ts";
import type { EventSink } from "./events.ts";
import { childEnvironment } from "./run-program.ts";

/** How to start a program, and how to know that it serves. */
export interface ChildPlan {
	readonly name: string;
	readonly argv: readonly [string, ...string[]];
	/** What it reads on standard input; none without. */
	readonly input?: string;
	/** Called before every start: removes what a killed predecessor left. */
	readonly prepare?: () => void;
	/** It serves when it has printed such a line, or accepts connections on this socket. */
	readonly ready: { readonly line: RegExp } | { readonly socket: string };
	/** Every line of its standard output and error. */
	readonly onLine: (line: string) => void;
}

export interface ChildState {
	readonly state: "running" | "restarting" | "stopped";
	readonly restarts: number;
}

/** A program that does not serve after so long is taken for broken. */
const readyTimeoutMs = 20_000;
const stopTimeoutMs = 3_000;
const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** Programs name the reason first and then say that they give up. */
const lastLinesKept = 3;
/** After so long the next death counts as the first again. */
const stableAfterMs = 60_000;

/**
 * A program that is started again whenever it dies, for as long as the companion runs: after 0.25 s, then twice as long
 * each time, at most 30 s. A server that gives up helps nobody at night; one that says what it does can be found.
 */
export class SupervisedChild {
	readonly #plan: ChildPlan;
	readonly #emit: EventSink;
	#process: ChildProcess | undefined;
	#exited: Promise<void> = Promise.resolve();
	#state: ChildState["state"] = "stopped";
	#lastLines: readonly string[] = [];
	#restarts = 0;
	#deathsInARow = 0;
	readonly #stopping = new AbortController();

	constructor(plan: ChildPlan, emit: EventSink) {
		this.#plan = plan;
		this.#emit = emit;
	}

	/**
	 * Returns when the program serves. Only later deaths are answered with a restart: what fails at first is wrong, not
	 * unlucky.
	 *
	 * @throws {NetherdError} `server.service-failed`
	 */
	async start(): Promise<void> {
		const failure = await this.#launch();
		if (failure !== undefined) {
			await this.stop();
			const words = this.#lastWords();
			const lastWords = words === "" ? "it said nothing" : `its last words: ${words}`;
			throw new NetherdError(
				"server.service-failed",
				`${this.#plan.name} does not start: ${failure}; ${lastWords}`,
				{ hint: `correct what it says; its command was: ${this.#plan.argv.join(" ")}` },
			);
		}
		this.#emit({ event: "service.started", service: this.#plan.name, pid: this.#process?.pid ?? 0 });
	}

	get state(): ChildState {
		return { state: this.#state, restarts: this.#restarts };
	}

	/** Returns when the process is gone. */
	async stop(): Promise<void> {
		this.#stopping.abort();
		this.#state = "stopped";
		const child = this.#process;
		if (child === undefined) return;
		child.kill("SIGTERM");
		const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
		await this.#exited;
		clearTimeout(forced);
	}

	#lastWords(): string {
		return this.#lastLines.join("; ");
	}

	/** Starts the program once. @returns Why it does not serve; undefined when it does. */
	async #launch(): Promise<string | undefined> {
		const { argv, input, prepare } = this.#plan;
		prepare?.();
		this.#lastLines = [];
		const startedAtMs = performance.now();
		const [program, ...args] = argv;
		const child = spawn(program, args, {
			stdio: ["pipe", "pipe", "pipe"],
			env: childEnvironment,
			cwd: "/",
		});
		this.#process = child;
		child.stdin.on("error", () => {
			// It died before it had read its input; its exit tells why.
		});
		child.stdin.end(input ?? "");

		const gone = new AbortController();
		let reason = "";
		this.#exited = new Promise((resolve) => {
			const end = (why: string) => {
				if (gone.signal.aborted) return;
				reason = why;
				this.#process = undefined;
				gone.abort();
				resolve();
			};
			child.once("error", (error) => end(error.message));
			child.once("close", (code, signal) =>
				end(signal === null ? `exit code ${code}` : `killed by ${signal}`),
			);
		});
		if (!(await this.#becomesReady(child, gone.signal))) {
			if (gone.signal.aborted) return reason;
			child.kill("SIGKILL");
			await this.#exited;
			return `it does not serve after ${readyTimeoutMs / 1000} s`;
		}
		if (!this.#stopping.signal.aborted) this.#state = "running";
		void this.#exited.then(() => {
			if (this.#stopping.signal.aborted) return;
			if (performance.now() - startedAtMs > stableAfterMs) this.#deathsInARow = 0;
			return this.#revive(reason);
		});
		return undefined;
	}

	async #becomesReady(child: ChildProcess, gone: AbortSignal): Promise<boolean> {
		const { ready, onLine } = this.#plan;
		const sawLine = new AbortController();
		for (const stream of [child.stdout, child.stderr]) {
			if (stream === null) continue;
			createInterface({ input: stream }).on("line", (line) => {
				this.#lastLines = [...this.#lastLines, line].slice(-lastLinesKept);
				if ("line" in ready && ready.line.test(line)) sawLine.abort();
				onLine(line);
			});
		}
		const enough = AbortSignal.any([gone, sawLine.signal, AbortSignal.timeout(readyTimeoutMs)]);
		while (!enough.aborted) {
			if ("socket" in ready && (await accepts(ready.socket))) return true;
			await sleep(10, undefined, { signal: enough }).catch(() => {});
		}
		return sawLine.signal.aborted;
	}

	async #revive(firstReason: string): Promise<void> {
		for (let reason: string | undefined = firstReason; reason !== undefined; ) {
			this.#state = "restarting";
			const restartInMs = Math.min(firstDelayMs * 2 ** this.#deathsInARow, longestDelayMs);
			this.#deathsInARow += 1;
			const { name } = this.#plan;
			this.#emit({
				event: "service.died",
				service: name,
				reason,
				lastOutput: this.#lastWords(),
				restartInMs,
			});
			await sleep(restartInMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
			if (this.#stopping.signal.aborted) return;
			this.#restarts += 1;
			reason = await this.#launch();
			if (this.#stopping.signal.aborted) return;
		}
		this.#emit({
			event: "service.restarted",
			service: this.#plan.name,
			pid: this.#process?.pid ?? 0,
			restarts: this.#restarts,
		});
	}
}

function accepts(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ path });
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});
}
