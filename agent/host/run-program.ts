import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { ProgramEnd } from "../cluster/machine.ts";
import { initramfsPrograms, searchPath } from "../paths.ts";

export interface ProgramLimits {
	/** The program is ended after this long. */
	readonly timeoutMs: number;
	/** Without its line end. */
	readonly onLine: (line: string) => void;
	/** Aborted: the program is ended. */
	readonly signal?: AbortSignal;
	/** Added to the minimal environment that every program gets. */
	readonly environment?: Readonly<Record<string, string>> | undefined;
	/** Standard error is thrown away. */
	readonly onlyStandardOutput?: boolean;
}

/** How a program ended, and where the system would not even start it, why. */
export interface ProgramOutcome extends ProgramEnd {
	readonly problem?: string | undefined;
}

export type ProgramRun = (
	argv: readonly [string, ...string[]],
	limits: ProgramLimits,
) => Promise<ProgramOutcome>;

/** How long a program's children may keep its output open after it has ended. */
const lastWordsMs = 2_000;
/** What ignores SIGTERM for so long gets SIGKILL. */
const patienceMs = 5_000;

/**
 * Runs programs confined to a root, in a minimal environment. How one ends is an answer, and never an error.
 *
 * On node:child_process itself: what packages lay over it takes a start more time than all else that the agent loads.
 */
export function programRunner(root: string): ProgramRun {
	return (argv, { timeoutMs, onLine, signal, environment, onlyStandardOutput = false }) => {
		const [program, ...args] = root === "/" ? argv : [initramfsPrograms.chroot, root, ...argv];
		return new Promise((resolve) => {
			let isTimedOut = false;
			const timers: NodeJS.Timeout[] = [];
			const after = (milliseconds: number, act: () => void) => timers.push(setTimeout(act, milliseconds));
			const child = spawn(program, args, {
				env: { PATH: searchPath, HOME: "/root", LC_ALL: "C", ...environment },
				stdio: ["ignore", "pipe", onlyStandardOutput ? "ignore" : "pipe"],
			});
			const outputs = [child.stdout, child.stderr].filter((output) => output !== null);
			for (const output of outputs) readLines(output, onLine);
			const end = () => {
				child.kill();
				after(patienceMs, () => child.kill("SIGKILL"));
			};
			after(timeoutMs, () => {
				isTimedOut = true;
				end();
			});
			if (signal?.aborted) end();
			signal?.addEventListener("abort", end, { once: true });
			const ended = (outcome: ProgramOutcome) => {
				for (const timer of timers) clearTimeout(timer);
				signal?.removeEventListener("abort", end);
				resolve(outcome);
			};
			child.once("error", ({ code, message }: NodeJS.ErrnoException) => {
				if (child.pid === undefined) ended({ isTimedOut, isMissing: code === "ENOENT", problem: message });
			});
			child.once("exit", () =>
				after(lastWordsMs, () => {
					for (const output of outputs) output.destroy();
				}),
			);
			child.once("close", (code, signalName) => {
				ended({
					exitCode: code ?? undefined,
					signal: signalName ?? undefined,
					isTimedOut,
					// chroot(1) says 127 where the shell would.
					isMissing: root !== "/" && code === 127,
				});
			});
		});
	};
}

/** Hands on whole lines, and at the end what is left. */
function readLines(output: Readable, onLine: (line: string) => void): void {
	let rest = "";
	const handOn = (line: string) => onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
	output.setEncoding("utf8");
	output.on("data", (text: string) => {
		const lines = (rest + text).split("\n");
		rest = lines.pop() ?? "";
		lines.forEach(handOn);
	});
	output.once("close", () => {
		if (rest !== "") handOn(rest);
	});
}
