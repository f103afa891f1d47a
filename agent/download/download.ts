import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../errors.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Chunk, ChunkLedger } from "./chunk-ledger.ts";
import type { ChunkTaker } from "./chunk-worker.ts";
import { writeFailed } from "./destination-file.ts";
import type { DownloadEvent } from "./download-event.ts";
import { chooseRace } from "./end-game.ts";
import { chunkCorrupt, noSourceLeft } from "./image-errors.ts";
import { type Attempt, Lane, type Session, type SourceFailure } from "./lane.ts";
import { maximumChunkFailures, mayFetch } from "./lane-state.ts";
import type { SourceLimits } from "./source.ts";
import type { SourceAddress, SourceUse } from "./source-address.ts";
import { isRefusedRead } from "./source-failure.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface DownloadOptions extends SourceLimits {
	/** In order of preference. */
	readonly sources: readonly SourceAddress[];
	readonly use: SourceUse;
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	readonly ledger: ChunkLedger;
	readonly workers: ChunkTaker;
	readonly destination: { readonly path: string; readonly fileDescriptor: number };
	readonly onEvent: (event: DownloadEvent) => void;
}

/** Chunks that are being received, or wait for the workers, have this much memory. */
const bufferBudgetBytes = 32 * 1024 * 1024;

/** Time changes who may fetch: looked at this often. */
const tickMs = 100;

/** A source that does not close is left alone after this. */
const closeTimeoutMs = 2000;

/** The engine: keeps sources open, chunks on their way, workers busy, until every chunk is written. */
export class Download {
	readonly #options: DownloadOptions;
	readonly #lanes: readonly Lane[];
	readonly #buffers: BufferPool;
	/** All chunks that are being received or verified. */
	readonly #attempts = new Set<Attempt>();
	/** The time for a look at every lane has come: a tick, a failure, the end. */
	readonly #change = new WaitingLine();
	readonly #abort = new AbortController();
	readonly #end = Promise.withResolvers<void>();
	#isOver = false;
	wrongChunks = 0;
	/** The last thing that went wrong. */
	lastProblem: unknown;

	constructor(options: DownloadOptions) {
		this.#options = options;
		this.#lanes = options.sources.map((address) => new Lane(address));
		this.#buffers = new BufferPool(Math.min(options.chunkSizeBytes, options.sizeBytes), bufferBudgetBytes);
	}

	/** Written, and received without having been found wrong. */
	get doneBytes(): number {
		const { ledger } = this.#options;
		const underWay = new Map<number, number>();
		for (const { chunk, receivedBytes } of this.#attempts) {
			if (ledger.isDone(chunk)) continue;
			underWay.set(chunk.index, Math.max(receivedBytes, underWay.get(chunk.index) ?? 0));
		}
		return [...underWay.values()].reduce((sum, bytes) => sum + bytes, ledger.doneBytes);
	}

	/** Times that a source was set aside or given up. */
	get sourceFailures(): number {
		return this.#lanes.reduce((sum, { failures }) => sum + failures, 0);
	}

	/** Name and last error of every source. */
	get sources(): { readonly name: string; readonly error: unknown }[] {
		return this.#lanes.map(({ name, state }) => ({ name, error: state.lastError }));
	}

	/** Names of the sources that have brought bytes since the last call. */
	takeBusySources(): string[] {
		const busy = this.#lanes.filter(({ hasBroughtBytes }) => hasBroughtBytes);
		for (const lane of busy) lane.hasBroughtBytes = false;
		return busy.map(({ name }) => name);
	}

	/** Ends everything; `run` throws the reason. */
	abort(reason: unknown): void {
		this.#end.reject(reason);
	}

	/** Resolves when every chunk is written. To be called once. */
	async run(): Promise<void> {
		const ticker = setInterval(() => this.#tick(), tickMs);
		try {
			if (this.#options.ledger.isComplete) return;
			// In order: the first one has its place before the second one looks.
			for (const lane of this.#lanes) void this.#runLane(lane).catch((error) => this.abort(error));
			await this.#end.promise;
		} finally {
			this.#isOver = true;
			clearInterval(ticker);
			this.#abort.abort(new Error("the download is over"));
			this.#change.wakeAll();
			const sessions = this.#lanes.flatMap(({ session }) => (session === undefined ? [] : [session]));
			for (const session of sessions) this.#endSession(session, undefined);
			await Promise.all(sessions.map(closeInTime));
		}
	}

	#tick(): void {
		for (const lane of this.#lanes) lane.tick();
		this.#feedAll();
		this.#change.wakeAll();
	}

	/** Opens the source whenever it is needed and may be tried, until the download is over. */
	async #runLane(lane: Lane): Promise<void> {
		while (!this.#isOver && lane.state.phase !== "out") {
			if (lane.state.waitMs(performance.now()) > 0 || !this.#mayFetch(lane)) {
				await this.#change.nextChange();
				continue;
			}
			const failure = await this.#useSource(lane).catch((error: unknown) => ({ error, isFinal: false }));
			if (failure === undefined) lane.state.rested();
			else if (!this.#isOver) this.#noteFailure(lane, failure);
		}
	}

	/** @returns Why the source is not used any more; undefined: it is not needed. */
	async #useSource(lane: Lane): Promise<SourceFailure | undefined> {
		lane.state.connecting(performance.now());
		const session = await lane.open(this.#options.sizeBytes, this.#options, this.#abort.signal);
		lane.state.opened();
		this.#feedAll();
		if (this.#isOver) this.#endSession(session, undefined);
		const failure = await session.ended.promise;
		await closeInTime(session);
		lane.session = undefined;
		return failure;
	}

	#mayFetch(lane: Lane): boolean {
		const states = this.#lanes.map(({ state }) => state);
		return mayFetch(states, this.#lanes.indexOf(lane), this.#options.use, performance.now());
	}

	#noteFailure(lane: Lane, { error, isFinal }: SourceFailure): void {
		const retryInMs = lane.state.failed(error, performance.now(), isFinal);
		lane.failures += 1;
		this.lastProblem = error;
		const failure = {
			source: lane.name,
			code: error instanceof NetherdError ? error.code : "unknown",
			message: error instanceof Error ? error.message : String(error),
		};
		if (retryInMs !== undefined) {
			this.#options.onEvent({ kind: "source-set-aside", ...failure, retryInMs });
		} else {
			this.#options.onEvent({ kind: "source-given-up", ...failure });
			if (this.#lanes.every(({ state }) => state.phase === "out")) this.abort(noSourceLeft(this.sources));
		}
		this.#feedAll();
		this.#change.wakeAll();
	}

	#endSession(session: Session, failure: SourceFailure | undefined): void {
		session.isEnding = true;
		session.ended.resolve(failure);
	}

	#feedAll(): void {
		for (const lane of this.#lanes) this.#feed(lane);
	}

	/** Asks an open source for as much as keeps it busy. */
	#feed(lane: Lane): void {
		const { session } = lane;
		if (this.#isOver || session === undefined || session.isEnding) return;
		if (!this.#mayFetch(lane)) {
			if (session.attempts.size === 0) this.#endSession(session, undefined);
			return;
		}
		while (session.attempts.size < session.source.wantedReads(this.#options.chunkSizeBytes)) {
			if (!this.#mayHaveMemory(session)) return;
			const chunk = this.#chooseChunk(lane);
			const memory = chunk && this.#buffers.take();
			if (chunk === undefined || memory === undefined) return;
			void this.#fetch(lane, session, { chunk, memory, receivedBytes: 0 });
		}
	}

	/** The last buffers are for those that have none, or a slow source could hold them all. */
	#mayHaveMemory(session: Session): boolean {
		if (session.attempts.size === 0) return this.#buffers.available > 0;
		const others = this.#lanes.filter((lane) => lane.state.phase !== "out" && this.#mayFetch(lane));
		const hungry = others.filter((lane) => lane.session?.attempts.size === 0).length;
		// One for all that may still come.
		const expected = others.some((lane) => lane.session === undefined) ? 1 : 0;
		return this.#buffers.available > hungry + expected;
	}

	#chooseChunk(lane: Lane): Chunk | undefined {
		const { ledger } = this.#options;
		const others = this.#lanes.filter((other) => other !== lane && other.session !== undefined);
		const helpers = others.filter((other) => this.#mayFetch(other));
		// What a source failed to give, others may have.
		const chunk = ledger.take(
			(index) =>
				!lane.state.hasFailedChunk(index) || helpers.every(({ state }) => state.hasFailedChunk(index)),
		);
		if (chunk !== undefined) return chunk;
		const slow = chooseRace(lane, others, ({ chunk: held }) => {
			const isFree = ledger.holders(held) === 1 && !ledger.isDone(held);
			return isFree && !lane.state.hasFailedChunk(held.index);
		});
		return slow && ledger.takeToo(slow.chunk);
	}

	/** Receives a chunk, verifies and writes it. Never rejects: failures end the session, or the download. */
	async #fetch(lane: Lane, session: Session, attempt: Attempt): Promise<void> {
		const { ledger } = this.#options;
		const { chunk } = attempt;
		this.#attempts.add(attempt);
		try {
			await lane.read(session, attempt, () => {
				this.#options.onEvent({ kind: "source-used", source: lane.name, isBack: lane.failures > 0 });
			});
		} catch (error) {
			ledger.giveBack(chunk);
			this.#forget(attempt);
			const isFinal = isRefusedRead(error) && lane.state.failedChunk(chunk.index) >= maximumChunkFailures;
			this.#endSession(session, { error, isFinal });
			return;
		}
		// The next one is asked for before this one is looked at.
		this.#feed(lane);
		try {
			await this.#verify(lane, session, attempt);
		} catch (error) {
			this.abort(error);
		}
		this.#forget(attempt);
		if (ledger.isComplete) this.#end.resolve();
		else this.#feedAll();
	}

	#forget(attempt: Attempt): void {
		this.#attempts.delete(attempt);
		this.#buffers.giveBack(attempt.memory);
	}

	/** @throws {NetherdError} What is fatal for the download. */
	async #verify(lane: Lane, session: Session, { chunk, memory }: Attempt): Promise<void> {
		const { ledger, workers, destination } = this.#options;
		if (ledger.isDone(chunk)) {
			ledger.giveBack(chunk);
			return;
		}
		const { lengthBytes, offsetBytes, sha256 } = chunk;
		const { fileDescriptor } = destination;
		const outcome = await workers.run({ memory, lengthBytes, offsetBytes, sha256, fileDescriptor });
		if (outcome.kind === "write-failed") throw writeFailed(destination.path, new Error(outcome.message));
		if (outcome.kind === "written") {
			ledger.markDone(chunk);
			lane.state.succeeded();
		} else {
			ledger.giveBack(chunk);
			this.#noteWrongChunk(lane, session, chunk, outcome.actualSha256);
		}
	}

	/** Sets the source aside when there is another. */
	#noteWrongChunk(lane: Lane, session: Session, chunk: Chunk, actualSha256: string): void {
		const times = lane.state.failedChunk(chunk.index);
		const error = chunkCorrupt(lane.name, chunk, actualSha256, times);
		this.wrongChunks += 1;
		this.lastProblem = error;
		const { message } = error;
		this.#options.onEvent({ kind: "wrong-chunk", source: lane.name, index: chunk.index, message });
		const isFinal = times >= maximumChunkFailures;
		const hasOther = this.#lanes.some((other) => other !== lane && other.state.phase !== "out");
		if (isFinal || hasOther) this.#endSession(session, { error, isFinal });
	}
}

async function closeInTime({ source }: Session): Promise<void> {
	const waiting = new AbortController();
	const { signal } = waiting;
	await Promise.race([
		source.close().catch(() => undefined),
		sleep(closeTimeoutMs, undefined, { signal }).catch(() => undefined),
	]);
	waiting.abort();
}
