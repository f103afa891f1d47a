/**
 * A source that brings less than this within the stall limit, while it is asked for something, counts as stalled: a byte
 * a second would never be silent, and never end.
 */
export const stallFloorBytes = 64 * 1024;

/** Watches that a source that has been asked for bytes brings them. Not started: nothing is waited for. */
export class StallWatch {
	readonly #timeoutMs: number;
	readonly #onStall: () => void;
	#timer: NodeJS.Timeout | undefined;
	#receivedBytes = 0;

	constructor(timeoutMs: number, onStall: () => void) {
		this.#timeoutMs = timeoutMs;
		this.#onStall = onStall;
	}

	/** Something is asked for. Nothing changes when something was before. */
	start(): void {
		if (this.#timer !== undefined) return;
		this.#receivedBytes = 0;
		this.#timer = setTimeout(this.#onStall, this.#timeoutMs);
	}

	/** The limit begins anew each time that the floor is reached. */
	received(bytes: number): void {
		this.#receivedBytes += bytes;
		if (this.#receivedBytes < stallFloorBytes) return;
		this.#receivedBytes = 0;
		this.#timer?.refresh();
	}

	/** Everything that was asked for has arrived, or nothing will. */
	stop(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}
}
