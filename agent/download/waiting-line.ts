/** Lets tasks sleep until something has changed; each looks for itself whether it is what it waits for. */
export class WaitingLine {
	#changed = Promise.withResolvers<void>();

	/** Resolves at the next `wakeAll`. */
	nextChange(): Promise<void> {
		return this.#changed.promise;
	}

	wakeAll(): void {
		const { resolve } = this.#changed;
		this.#changed = Promise.withResolvers<void>();
		resolve();
	}
}
