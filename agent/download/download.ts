import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../errors.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Chunk, ChunkLedger } from "./chunk-ledger.ts";
import type { ChunkWorkers } from "./chunk-workers.ts";
import { writeFailed } from "./destination-file.ts";
import { formatDuration } from "./progress.ts";
import { openSource, type Source, type SourceLimits } from "./source.ts";
import { describeSource, type SourceAddress } from "./source-address.ts";
import { SourceChoice } from "./source-choice.ts";
import { isRefusedRead } from "./source-failure.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface DownloadOptions extends SourceLimits {
	readonly sources: readonly SourceAddress[];
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	readonly ledger: ChunkLedger;
	readonly workers: ChunkWorkers;
	readonly destination: { readonly path: string; readonly fileDescriptor: number };
	readonly onProblem: (line: string) => void;
}

/** A chunk that came wrong, or that the source refused to read, so many times is not asked for again. */
const maximumChunkFailures = 4;

/** Received chunks wait in this much memory for the workers. */
const bufferBudgetBytes = 24 * 1024 * 1024;

/** An open source, from opening to the first failure. */
interface Session {
	readonly sourceIndex: number;
	readonly source: Source;
	failure: { readonly error: unknown } | undefined;
}

/** The engine: keeps a source open, chunks on their way, workers busy, until every chunk is written. */
export class Download {
	readonly #options: DownloadOptions;
	readonly #choice: SourceChoice;
	readonly #buffers: BufferPool;
	/** A chunk or a buffer has come back, or everything has ended. */
	readonly #change = new WaitingLine();
	readonly #abort = new AbortController();
	#receivedBytes = 0;
	wrongChunks = 0;
	sourceFailures = 0;
	lastProblem: unknown;

	constructor(options: DownloadOptions) {
		this.#options = options;
		this.#choice = new SourceChoice(options.sources.map(describeSource));
		const bufferBytes = Math.min(options.chunkSizeBytes, options.sizeBytes);
		this.#buffers = new BufferPool(bufferBytes, bufferBudgetBytes);
	}

	/** Written, and received without having been found wrong. */
	get doneBytes(): number {
		return this.#options.ledger.doneBytes + this.#receivedBytes;
	}

	/** Ends everything; `run` throws the reason. */
	abort(reason: unknown): void {
		this.#abort.abort(reason);
		this.#change.wakeAll();
	}

	/** Resolves when every chunk is written. To be called once. */
	async run(): Promise<void> {
		for (;;) {
			const { index, waitMs } = this.#choice.choose(performance.now());
			await this.#sleep(waitMs);
			try {
				await this.#useSource(index);
				return;
			} catch (error) {
				this.#abort.signal.throwIfAborted();
				this.#noteSourceFailure(index, error);
			}
		}
	}

	async #sleep(durationMs: number): Promise<void> {
		const { signal } = this.#abort;
		await sleep(durationMs, undefined, { signal }).catch(() => signal.throwIfAborted());
	}

	#noteSourceFailure(index: number, error: unknown): void {
		const asideMs = this.#choice.failed(index, error, performance.now());
		const then =
			asideMs === undefined ? "not trying it again" : `trying it again in ${formatDuration(asideMs)}`;
		this.#noteProblem(error, then);
		this.sourceFailures += 1;
	}

	#noteProblem(error: unknown, then: string): void {
		this.lastProblem = error;
		this.#options.onProblem(`image: ${error instanceof Error ? error.message : String(error)}; ${then}`);
	}

	/** Resolves when the image is complete, throws when the source fails. */
	async #useSource(index: number): Promise<void> {
		const { ledger } = this.#options;
		const session: Session = { sourceIndex: index, source: await this.#open(index), failure: undefined };
		try {
			await Promise.all(
				Array.from({ length: session.source.wantedReads(this.#options.chunkSizeBytes) }, () =>
					this.#fetchChunks(session).catch((error) => this.#endSession(session, error)),
				),
			);
		} finally {
			await session.source.close();
		}
		if (session.failure !== undefined) throw session.failure.error;
		if (!ledger.isComplete) throw new Error("the download ended before the image was complete");
	}

	async #open(index: number): Promise<Source> {
		const { sources, sizeBytes } = this.#options;
		const address = sources[index];
		if (address === undefined) throw new RangeError(`source ${index} of ${sources.length}`);
		const source = await openSource(address, this.#options, this.#abort.signal);
		if (source.sizeBytes === sizeBytes) return source;
		await source.close();
		throw sizeMismatch(address, source.sizeBytes, sizeBytes);
	}

	#endSession(session: Session, error: unknown): void {
		if (session.failure !== undefined) return;
		session.failure = { error };
		// Waiting reads fail then, and so end their loops.
		void session.source.close();
		this.#change.wakeAll();
	}

	/** Fetches one chunk after the other, while verification of those before goes on. */
	async #fetchChunks(session: Session): Promise<void> {
		const { ledger } = this.#options;
		while (!ledger.isComplete && session.failure === undefined) {
			this.#abort.signal.throwIfAborted();
			const memory = this.#buffers.take();
			const chunk = memory === undefined ? undefined : ledger.take();
			if (memory === undefined || chunk === undefined) {
				if (memory !== undefined) this.#buffers.giveBack(memory);
				await this.#change.nextChange();
				continue;
			}
			await this.#receive(session.source, chunk, memory);
			void this.#verify(session, chunk, memory);
		}
	}

	async #receive(source: Source, chunk: Chunk, memory: SharedArrayBuffer): Promise<void> {
		let receivedBytes = 0;
		try {
			await source.read(chunk.offsetBytes, new Uint8Array(memory, 0, chunk.lengthBytes), (bytes) => {
				receivedBytes += bytes;
				this.#receivedBytes += bytes;
			});
		} catch (error) {
			this.#receivedBytes -= receivedBytes;
			this.#buffers.giveBack(memory);
			this.#giveBackUnread(chunk, error);
			throw error;
		}
	}

	/** A broken connection is not the chunk's fault; a refusal to read it is, and is counted. */
	#giveBackUnread(chunk: Chunk, error: unknown): void {
		const { ledger } = this.#options;
		if (!isRefusedRead(error)) ledger.giveBack(chunk);
		else if (ledger.giveBackFailed(chunk) >= maximumChunkFailures) this.abort(error);
		this.#change.wakeAll();
	}

	/** Never rejects: what is fatal aborts the download. */
	async #verify(session: Session, chunk: Chunk, memory: SharedArrayBuffer): Promise<void> {
		const { ledger, workers, destination } = this.#options;
		try {
			const { lengthBytes, offsetBytes, sha256 } = chunk;
			const { fileDescriptor } = destination;
			const outcome = await workers.run({ memory, lengthBytes, offsetBytes, sha256, fileDescriptor });
			this.#receivedBytes -= lengthBytes;
			this.#buffers.giveBack(memory);
			if (outcome.kind === "write-failed") throw writeFailed(destination.path, new Error(outcome.message));
			if (outcome.kind === "wrong") {
				this.#handleWrongChunk(session, chunk, outcome.actualSha256);
			} else {
				ledger.markDone(chunk);
				this.#choice.succeeded(session.sourceIndex);
			}
			this.#change.wakeAll();
		} catch (error) {
			this.abort(error);
		}
	}

	#handleWrongChunk(session: Session, chunk: Chunk, actualSha256: string): void {
		const { ledger, sources } = this.#options;
		this.wrongChunks += 1;
		const failures = ledger.giveBackFailed(chunk);
		const error = chunkCorrupt(sources[session.sourceIndex], chunk, actualSha256, failures);
		if (failures >= maximumChunkFailures) throw error;
		if (sources.length === 1) this.#noteProblem(error, "fetching it again");
		else this.#endSession(session, error);
	}
}

function sizeMismatch(address: SourceAddress, actualBytes: number, expectedBytes: number): NetherdError {
	return new NetherdError(
		"image.size-mismatch",
		`${describeSource(address)} has ${actualBytes} bytes, the image ${expectedBytes}`,
		{
			hint: "let the server export the image that its image.json describes; it may have been replaced while it was served",
		},
	);
}

function chunkCorrupt(
	address: SourceAddress | undefined,
	{ index, offsetBytes, lengthBytes, sha256 }: Chunk,
	actualSha256: string,
	times: number,
): NetherdError {
	const from = address === undefined ? "" : ` from ${describeSource(address)}`;
	return new NetherdError(
		"image.chunk-corrupt",
		`chunk ${index} (${lengthBytes} bytes at offset ${offsetBytes})${from} is wrong: SHA-256 ${actualSha256} ` +
			`instead of ${sha256} (time ${times} of at most ${maximumChunkFailures})`,
		{
			hint: "compare the image on the server with its image.json; if it is right there, suspect memory or network",
		},
	);
}
