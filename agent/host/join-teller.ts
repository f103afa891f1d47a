import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JoinEvent } from "../cluster/join-event.ts";
import { joinLines } from "../cluster/join-lines.ts";
import { type JoinState, nextState } from "../cluster/join-state.ts";
import type { Log } from "../log.ts";

export interface JoinTellerOptions {
	readonly log: Log;
	/** Where the state goes, see `agent status`. */
	readonly stateFile: string;
	/** One line, for systemd. */
	readonly serviceStatus: (text: string) => void;
	/** Of what people are told, for the server. */
	readonly report: (event: JoinEvent) => Promise<unknown>;
}

export interface JoinTeller {
	tell(event: JoinEvent): void;
	/** Waits until everything has been told, but not long. */
	flush(): Promise<void>;
}

/** A server that is away takes two seconds for each event, and the node is Ready all the same. */
const longestFlushMs = 5_000;

/** Tells everybody who wants to know how far the join is: the console, the log, systemd, the server, `agent status`. */
export function joinTeller({ log, stateFile, serviceStatus, report }: JoinTellerOptions): JoinTeller {
	const startedMs = performance.now();
	const linesOf = joinLines();
	let state: JoinState | undefined;
	let shown = "";
	let telling: Promise<unknown> = Promise.resolve();
	/** One after the other, so that the last word is the last, and nobody waits for it. */
	const queue = (send: () => Promise<unknown>) => {
		telling = telling.then(send).catch((error: unknown) => log.debug(`not told: ${String(error)}`));
	};
	return {
		tell(event) {
			const elapsedMs = Math.round(performance.now() - startedMs);
			state = nextState(state, event, { timeMs: Date.now(), elapsedMs });
			writeState(stateFile, state, log);
			const lines = linesOf(event, elapsedMs);
			for (const { level, line } of lines) log[level](line, { ...event });
			const isTold = lines.length > 0 || event.event === "join-given-up";
			if (!isTold) return;
			queue(() => report(event));
			const { doing } = state;
			if (doing === shown) return;
			shown = doing;
			queue(async () => serviceStatus(doing));
		},
		async flush() {
			await Promise.race([telling, sleep(longestFlushMs, undefined, { ref: false })]);
		},
	};
}

/** Readers see the old state or the new one, whole. No secret is in it. */
function writeState(path: string, state: JoinState, log: Log): void {
	try {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o644 });
		renameSync(`${path}.new`, path);
	} catch (error) {
		// The join is worth more than what is told about it.
		log.debug(`${path}: ${String(error)}`);
	}
}
