export interface AdaptiveDepthOptions {
	readonly start: number;
	readonly maximum: number;
	/** How long a rate is measured, at least. */
	readonly windowMs: number;
	/** How much has to arrive meanwhile, at least, for each step of depth. */
	readonly windowBytes: number;
	/** More depth pays when the rate grows by this factor. */
	readonly worthwhileGain: number;
}

/** So many windows in a row have to show that it pays: rates vary on a busy machine. */
const neededProofs = 2;

/** A failed trial is repeated after so many windows, which double each time: networks change. */
const firstPauseWindows = 8;
const longestPauseWindows = 256;

/**
 * Finds out how much should be asked for at once (requests in flight, connections): doubles it as long as the rate grows
 * with it, and goes back one step when it did not pay. Takes the time from its caller.
 */
export class AdaptiveDepth {
	readonly #options: AdaptiveDepthOptions;
	#maximum: number;
	#depth: number;
	/** Depth and rate to go back to when the trial that is under way does not pay. */
	#before: { readonly depth: number; readonly bytesPerMs: number } | undefined;
	#proofs = 0;
	/** The first window after a change shows the change, not its effect. */
	#windowsToSkip = 1;
	#pauseWindows = firstPauseWindows;
	#windowStartMs: number | undefined;
	#windowBytes = 0;

	constructor(options: AdaptiveDepthOptions) {
		this.#options = options;
		this.#maximum = Math.max(1, options.maximum);
		this.#depth = Math.min(Math.max(1, options.start), this.#maximum);
	}

	get depth(): number {
		return this.#depth;
	}

	/** It turned out that more is impossible. */
	limit(maximum: number): void {
		this.#maximum = Math.max(1, maximum);
		if (this.#depth <= this.#maximum) return;
		this.#before = undefined;
		this.#setDepth(this.#maximum);
	}

	/** So much has arrived; not to be called for time in which less was asked for than the depth allows. */
	received(bytes: number, nowMs: number): void {
		if (this.#windowStartMs === undefined) {
			this.#windowStartMs = nowMs;
			return;
		}
		this.#windowBytes += bytes;
		const elapsedMs = nowMs - this.#windowStartMs;
		if (elapsedMs < this.#options.windowMs) return;
		if (this.#windowBytes < this.#options.windowBytes * this.#depth) return;
		const bytesPerMs = this.#windowBytes / elapsedMs;
		this.#windowStartMs = nowMs;
		this.#windowBytes = 0;
		if (this.#windowsToSkip > 0) this.#windowsToSkip -= 1;
		else this.#judge(bytesPerMs);
	}

	/** Nothing is asked for at the moment: what was measured until now says nothing. */
	pause(): void {
		this.#windowStartMs = undefined;
		this.#windowBytes = 0;
	}

	#judge(bytesPerMs: number): void {
		const before = this.#before;
		if (before !== undefined && bytesPerMs < before.bytesPerMs * this.#options.worthwhileGain) {
			this.#before = undefined;
			this.#setDepth(before.depth);
			this.#windowsToSkip = this.#pauseWindows;
			this.#pauseWindows = Math.min(this.#pauseWindows * 2, longestPauseWindows);
			return;
		}
		if (before !== undefined && ++this.#proofs < neededProofs) return;
		this.#before = undefined;
		if (this.#depth === this.#maximum) return;
		this.#before = { depth: this.#depth, bytesPerMs };
		this.#setDepth(Math.min(this.#depth * 2, this.#maximum));
	}

	#setDepth(depth: number): void {
		this.#depth = depth;
		this.#proofs = 0;
		this.#windowsToSkip = 1;
		this.pause();
	}
}
