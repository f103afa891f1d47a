/** Over how long the shown rate is averaged. */
const windowMs = 5000;

/** The rate of the last seconds. Takes the time from its caller. */
export class RateMeter {
	#samples: { readonly elapsedMs: number; readonly doneBytes: number }[] = [];

	/** @returns Bytes per second since the oldest sample, or since the start; undefined while it is not known. */
	sample(doneBytes: number, elapsedMs: number): number | undefined {
		const oldest = this.#samples[0] ?? { elapsedMs: 0, doneBytes: 0 };
		const durationMs = elapsedMs - oldest.elapsedMs;
		this.#samples.push({ elapsedMs, doneBytes });
		this.#samples = this.#samples.filter((sample) => elapsedMs - sample.elapsedMs < windowMs);
		if (durationMs <= 0) return undefined;
		// A chunk that turned out to be wrong is taken back.
		return Math.max(0, (1000 * (doneBytes - oldest.doneBytes)) / durationMs);
	}
}
