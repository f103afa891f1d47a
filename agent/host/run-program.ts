import { createInterface } from "node:readline";
import { execa } from "execa";
import type { ProgramEnd } from "../cluster/machine.ts";
import { initramfsPrograms, searchPath } from "../paths.ts";

export interface ProgramLimits {
	/** The program is ended after this long. */
	readonly timeoutMs: number;
	readonly onLine: (line: string) => void;
	/** Aborted: the program is ended. */
	readonly signal?: AbortSignal;
}

export type ProgramRun = (argv: readonly [string, ...string[]], limits: ProgramLimits) => Promise<ProgramEnd>;

/** How long a program's children may keep its output open after it has ended. */
const lastWordsMs = 2_000;

/** Runs programs confined to a root, in a minimal environment. How one ends is an answer, and never an error. */
export function programRunner(root: string): ProgramRun {
	return async (argv, { timeoutMs, onLine, signal }) => {
		const [program, ...args] = root === "/" ? argv : [initramfsPrograms.chroot, root, ...argv];
		const running = execa(program, args, {
			env: { PATH: searchPath, HOME: "/root", LC_ALL: "C" },
			extendEnv: false,
			stdin: "ignore",
			all: true,
			buffer: false,
			reject: false,
			timeout: timeoutMs,
			...(signal === undefined ? {} : { cancelSignal: signal }),
		});
		const lines = createInterface({ input: running.all, crlfDelay: Number.POSITIVE_INFINITY });
		lines.on("line", onLine);
		const outputEnded = new Promise<void>((resolve) => lines.once("close", resolve));
		running.nodeChildProcess.once("exit", () => setTimeout(() => running.all.destroy(), lastWordsMs).unref());
		const end = await running;
		lines.close();
		await outputEnded;
		// chroot(1) says 127 where the shell would.
		const isMissing = end.code === "ENOENT" || (root !== "/" && end.exitCode === 127);
		return {
			exitCode: isMissing ? undefined : end.exitCode,
			signal: end.signal,
			isTimedOut: end.timedOut,
			isMissing,
		};
	};
}
