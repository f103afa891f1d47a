/** A bounded number of equal buffers, made when first needed and then used again: memory stays flat. */
export class BufferPool {
	readonly #sizeBytes: number;
	readonly #free: SharedArrayBuffer[] = [];
	#unmade: number;

	/** As many buffers as the budget allows, at least two. */
	constructor(sizeBytes: number, budgetBytes: number) {
		this.#sizeBytes = sizeBytes;
		this.#unmade = Math.max(2, Math.floor(budgetBytes / Math.max(1, sizeBytes)));
	}

	/** The buffer used last, which is likely to be in the processor's cache; undefined when all are in use. */
	take(): SharedArrayBuffer | undefined {
		const free = this.#free.pop();
		if (free !== undefined || this.#unmade === 0) return free;
		this.#unmade -= 1;
		return new SharedArrayBuffer(this.#sizeBytes);
	}

	/** How many can be taken. */
	get available(): number {
		return this.#free.length + this.#unmade;
	}

	giveBack(buffer: SharedArrayBuffer): void {
		this.#free.push(buffer);
	}
}
