/** Time passes in so many parts. */
const parts = 10;

/**
 * A limit for how long others may be silent, in time in which this process could have heard them. One that stood still
 * for seconds (a busy machine, a virtual one that was stopped) finds its timers over and what arrived meanwhile not yet
 * read; it reads before the next part of the limit can pass.
 */
export class SilenceLimit {
	readonly #partMs: number;
	readonly #onSilence: () => void;
	#timer: NodeJS.Timeout | undefined;
	#partsLeft = parts;

	/** @param onSilence Called once for each start, when the limit is over. */
	constructor(limitMs: number, onSilence: () => void) {
		this.#partMs = limitMs / parts;
		this.#onSilence = onSilence;
	}

	/** @returns This. */
	start(): this {
		this.stop();
		this.#partsLeft = parts;
		this.#timer = setInterval(() => {
			this.#partsLeft -= 1;
			if (this.#partsLeft > 0) return;
			this.stop();
			this.#onSilence();
		}, this.#partMs);
		return this;
	}

	/** Begins anew, unless it is over or was stopped. */
	refresh(): void {
		this.#partsLeft = parts;
		this.#timer?.refresh();
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}
}
