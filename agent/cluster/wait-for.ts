import { type Patience, pauseBeforeLook } from "./backoff.ts";
import { joinError } from "./join-error.ts";
import type { Awaited } from "./join-event.ts";
import type { Machine } from "./machine.ts";
import { timedOut } from "./next-move.ts";

export type Looked<Found> =
	/** `what`: a sentence that says what is there. */
	| { readonly found: Found; readonly what: string }
	/** In words for people. */
	| { readonly reason: string };

/** When the whole join is over, and why it is then. */
export interface Deadline {
	readonly atMs: number;
	readonly timeoutMs: number;
}

/**
 * Looks until it is there, ever slower, telling each time what it waits for.
 *
 * @throws {NetherdError} `join.timeout` at the deadline.
 */
export async function waitFor<Found>(
	machine: Machine,
	patience: Patience,
	awaited: Awaited,
	deadline: Deadline | undefined,
	look: () => Promise<Looked<Found>>,
): Promise<Found> {
	const startedMs = machine.nowMs();
	for (let looks = 1; ; looks++) {
		const looked = await look();
		machine.signal.throwIfAborted();
		if ("found" in looked) {
			const waitedMs = machine.nowMs() - startedMs;
			machine.tell({ event: "join-found", for: awaited, what: looked.what, waitedMs });
			return looked.found;
		}
		machine.tell({ event: "join-waiting", for: awaited, reason: looked.reason });
		if (deadline !== undefined && machine.nowMs() >= deadline.atMs) {
			throw joinError(timedOut(deadline.timeoutMs, undefined, `no ${awaited}: ${looked.reason}`));
		}
		await machine.sleep(pauseBeforeLook(looks, machine.random(), patience));
	}
}
