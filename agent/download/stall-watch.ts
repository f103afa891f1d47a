import { SilenceLimit } from "../silence-limit.ts";

/**
 * A source that brings less than this within the stall limit, while it is asked for something, counts as stalled: a byte
 * a second would never be silent, and never end.
 */
export const stallFloorBytes = 64 * 1024;

/** Watches that a source that has been asked for bytes brings them. Not started: nothing is waited for. */
export class StallWatch {
	readonly #limit: SilenceLimit;
	#isStarted = false;
	#receivedBytes = 0;

	constructor(timeoutMs: number, onStall: () => void) {
		this.#limit = new SilenceLimit(timeoutMs, onStall);
	}

	/** Something is asked for. Nothing changes when something was before. */
	start(): void {
		if (this.#isStarted) return;
		this.#isStarted = true;
		this.#receivedBytes = 0;
		this.#limit.start();
	}

	/** The limit begins anew each time that the floor is reached. */
	received(bytes: number): void {
		this.#receivedBytes += bytes;
		if (this.#receivedBytes < stallFloorBytes) return;
		this.#receivedBytes = 0;
		this.#limit.refresh();
	}

	/** Everything that was asked for has arrived, or nothing will. */
	stop(): void {
		this.#isStarted = false;
		this.#limit.stop();
	}
}
