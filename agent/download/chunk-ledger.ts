/** One piece of the image: the unit of verification, and of repetition. */
export interface Chunk {
	readonly index: number;
	readonly offsetBytes: number;
	readonly lengthBytes: number;
	/** Hexadecimal; undefined: not verified. */
	readonly sha256: string | undefined;
}

/**
 * Which chunks are missing, being fetched and done. Decides nothing but the order: ascending, returned ones first. A
 * chunk may be taken by several who race for it.
 */
export class ChunkLedger {
	readonly #sizeBytes: number;
	readonly #chunkSizeBytes: number;
	readonly #hashes: readonly string[];
	/** Chunks that were taken and came back. */
	readonly #returned: number[] = [];
	/** How many have each chunk that is being fetched. */
	readonly #holders = new Map<number, number>();
	readonly #done: Uint8Array;
	#nextUntouched = 0;
	#doneCount = 0;
	#doneBytes = 0;

	/** @param chunks SHA-256 of every chunk, or nothing when the image is not verified. */
	constructor(sizeBytes: number, chunkSizeBytes: number, chunks: readonly string[]) {
		if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new RangeError(`sizeBytes ${sizeBytes}`);
		if (!Number.isSafeInteger(chunkSizeBytes) || chunkSizeBytes < 1) {
			throw new RangeError(`chunkSizeBytes ${chunkSizeBytes}`);
		}
		const count = Math.ceil(sizeBytes / chunkSizeBytes);
		if (chunks.length !== 0 && chunks.length !== count) {
			throw new RangeError(`${chunks.length} chunk hashes for ${count} chunks`);
		}
		this.#sizeBytes = sizeBytes;
		this.#chunkSizeBytes = chunkSizeBytes;
		this.#hashes = chunks;
		this.#done = new Uint8Array(count);
	}

	get isComplete(): boolean {
		return this.#doneCount === this.#done.length;
	}

	get doneBytes(): number {
		return this.#doneBytes;
	}

	isDone({ index }: Chunk): boolean {
		return this.#done[index] === 1;
	}

	/** How many have this chunk at the moment. */
	holders({ index }: Chunk): number {
		return this.#holders.get(index) ?? 0;
	}

	/**
	 * The next chunk to fetch; undefined while all that are not done are being fetched.
	 *
	 * @param mayTake Refuses returned chunks, by index.
	 */
	take(mayTake: (index: number) => boolean = () => true): Chunk | undefined {
		const position = this.#returned.findIndex(mayTake);
		const [returned] = position < 0 ? [] : this.#returned.splice(position, 1);
		const index = returned ?? (this.#nextUntouched < this.#done.length ? this.#nextUntouched++ : undefined);
		return index === undefined ? undefined : this.#hold(this.#chunk(index));
	}

	/** One more fetches a chunk that is being fetched. */
	takeToo(chunk: Chunk): Chunk {
		return this.#hold(chunk);
	}

	/** The chunk could not be fetched. It is missing again when nobody else has it, and nobody was faster. */
	giveBack(chunk: Chunk): void {
		this.#release(chunk);
		if (this.holders(chunk) === 0 && !this.isDone(chunk)) this.#returned.push(chunk.index);
	}

	/** The chunk is where it belongs. */
	markDone(chunk: Chunk): void {
		this.#release(chunk);
		if (this.isDone(chunk)) return;
		this.#done[chunk.index] = 1;
		this.#doneCount += 1;
		this.#doneBytes += chunk.lengthBytes;
	}

	#hold(chunk: Chunk): Chunk {
		this.#holders.set(chunk.index, this.holders(chunk) + 1);
		return chunk;
	}

	#release(chunk: Chunk): void {
		const holders = this.holders(chunk) - 1;
		if (holders > 0) this.#holders.set(chunk.index, holders);
		else this.#holders.delete(chunk.index);
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
