/** One piece of the image: the unit of verification, and of repetition. */
export interface Chunk {
	readonly index: number;
	readonly offsetBytes: number;
	readonly lengthBytes: number;
	/** Hexadecimal; undefined: not verified. */
	readonly sha256: string | undefined;
}

/** Which chunks are missing, being fetched and done. Decides nothing but the order: ascending, returned ones first. */
export class ChunkLedger {
	readonly #sizeBytes: number;
	readonly #chunkSizeBytes: number;
	readonly #hashes: readonly string[];
	/** Chunks that were taken and came back. */
	readonly #returned: number[] = [];
	readonly #failures = new Map<number, number>();
	readonly #count: number;
	#nextUntouched = 0;
	#doneCount = 0;
	#doneBytes = 0;

	/** @param chunks SHA-256 of every chunk, or nothing when the image is not verified. */
	constructor(sizeBytes: number, chunkSizeBytes: number, chunks: readonly string[]) {
		if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new RangeError(`sizeBytes ${sizeBytes}`);
		if (!Number.isSafeInteger(chunkSizeBytes) || chunkSizeBytes < 1) {
			throw new RangeError(`chunkSizeBytes ${chunkSizeBytes}`);
		}
		this.#count = Math.ceil(sizeBytes / chunkSizeBytes);
		if (chunks.length !== 0 && chunks.length !== this.#count) {
			throw new RangeError(`${chunks.length} chunk hashes for ${this.#count} chunks`);
		}
		this.#sizeBytes = sizeBytes;
		this.#chunkSizeBytes = chunkSizeBytes;
		this.#hashes = chunks;
	}

	get isComplete(): boolean {
		return this.#doneCount === this.#count;
	}

	get doneBytes(): number {
		return this.#doneBytes;
	}

	/** The next chunk to fetch; undefined while all that are not done are being fetched. */
	take(): Chunk | undefined {
		const returned = this.#returned.shift();
		if (returned !== undefined) return this.#chunk(returned);
		if (this.#nextUntouched === this.#count) return undefined;
		return this.#chunk(this.#nextUntouched++);
	}

	/** The chunk could not be fetched, for no fault of its own. */
	giveBack({ index }: Chunk): void {
		this.#returned.push(index);
	}

	/** The chunk came wrong or was refused. @returns How often that has happened to it. */
	giveBackFailed(chunk: Chunk): number {
		const failures = (this.#failures.get(chunk.index) ?? 0) + 1;
		this.#failures.set(chunk.index, failures);
		this.giveBack(chunk);
		return failures;
	}

	markDone({ lengthBytes }: Chunk): void {
		this.#doneCount += 1;
		this.#doneBytes += lengthBytes;
	}

	#chunk(index: number): Chunk {
		const offsetBytes = index * this.#chunkSizeBytes;
		return {
			index,
			offsetBytes,
			lengthBytes: Math.min(this.#chunkSizeBytes, this.#sizeBytes - offsetBytes),
			sha256: this.#hashes[index],
		};
	}
}
