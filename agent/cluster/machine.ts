import type { ReadFile } from "../facts/kubelet-credentials.ts";
import type { JoinEvent } from "./join-event.ts";

/** How a program ended. */
export interface ProgramEnd {
	/** Absent when a signal ended it, or when there is no such program. */
	readonly exitCode?: number | undefined;
	readonly signal?: string | undefined;
	readonly isTimedOut?: boolean | undefined;
	readonly isMissing?: boolean | undefined;
}

/** What the join needs of the machine that it runs on; `host/` has the real one. */
export interface Machine {
	/** Milliseconds of a clock that nobody sets. */
	nowMs(): number;
	/** Milliseconds since 1970. */
	timeMs(): number;
	/** From 0 to 1. */
	random(): number;
	/** @throws The signal's reason, as soon as the join is to stop. */
	sleep(milliseconds: number): Promise<void>;
	/** Runs a program in a minimal environment; each line that it prints is handed on. Ended with the join. */
	run(
		argv: readonly [string, ...string[]],
		limits: { readonly timeoutMs: number; readonly onLine: (line: string) => void },
	): Promise<ProgramEnd>;
	readonly readFile: ReadFile;
	/** Atomically, readable by root alone. */
	replaceFile(path: string, text: string): void;
	/** Where a path is to this process. */
	locate(path: string): string;
	/** The body of an HTTP answer. @throws {NetherdError} `server.*`. */
	fetchText(url: string): Promise<string | undefined>;
	/** The token that lts.conf has now, where it can be read again. */
	renewedToken(): Promise<string | undefined>;
	/** Aborted when the join is to stop. */
	readonly signal: AbortSignal;
	tell(event: JoinEvent): void;
	/** A line of a program, tokens taken out, for the log. */
	log(program: string, line: string): void;
}
