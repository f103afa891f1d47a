import type { Chunk } from "./chunk-ledger.ts";
import { sizeMismatch } from "./image-errors.ts";
import { LaneState } from "./lane-state.ts";
import { openSource, type Source, type SourceLimits } from "./source.ts";
import { describeSource, type SourceAddress } from "./source-address.ts";
import { changedOnServer } from "./source-failure.ts";

/** A chunk on its way from a source, until it is written or comes back. */
export interface Attempt {
	readonly chunk: Chunk;
	readonly memory: SharedArrayBuffer;
	receivedBytes: number;
}

/** An open source, from opening to the first failure. */
export interface Session {
	readonly source: Source;
	/** Reads under way, in the order in which they were asked for. */
	readonly attempts: Set<Attempt>;
	/** Settled when the source is to be closed, with the failure if that is why. */
	readonly ended: PromiseWithResolvers<SourceFailure | undefined>;
	isEnding: boolean;
	hasBroughtBytes: boolean;
}

export interface SourceFailure {
	readonly error: unknown;
	/** Whatever the error says about trying again. */
	readonly isFinal: boolean;
}

/** The rate is averaged over so many ticks in which the source was asked for something. */
const rateTicks = 20;
/** Fewer say nothing. */
const leastRateTicks = 3;

/** One source of a download: its address, its state, its connection when it has one. */
export class Lane {
	readonly address: SourceAddress;
	readonly name: string;
	readonly state = new LaneState();
	session: Session | undefined;
	/** Times that it was set aside or given up. */
	failures = 0;
	/** Since somebody last looked. */
	hasBroughtBytes = false;
	/** What the source said about the image when it was opened first. */
	#first: Pick<Source, "sizeBytes" | "identity"> | undefined;
	/** Of each busy tick. */
	readonly #tickBytes: number[] = [];
	#currentTickBytes = 0;

	constructor(address: SourceAddress) {
		this.address = address;
		this.name = describeSource(address);
	}

	/**
	 * @throws {NetherdError} `image.size-mismatch`, `image.changed-on-server`, and the codes of the source's kind.
	 */
	async open(sizeBytes: number, limits: SourceLimits, signal: AbortSignal): Promise<Session> {
		const source = await openSource(this.address, limits, signal);
		try {
			this.#checkImage(source, sizeBytes);
		} catch (error) {
			await source.close();
			throw error;
		}
		this.session = {
			source,
			attempts: new Set(),
			ended: Promise.withResolvers(),
			isEnding: false,
			hasBroughtBytes: false,
		};
		return this.session;
	}

	/** @throws {NetherdError} The source's; nothing writes into the attempt's memory any more. */
	async read(session: Session, attempt: Attempt, onFirstBytes: () => void): Promise<void> {
		const { chunk, memory } = attempt;
		if (session.attempts.size === 0) this.state.asked(performance.now());
		session.attempts.add(attempt);
		try {
			await session.source.read(chunk.offsetBytes, new Uint8Array(memory, 0, chunk.lengthBytes), (bytes) => {
				attempt.receivedBytes += bytes;
				this.#currentTickBytes += bytes;
				this.hasBroughtBytes = true;
				this.state.received(bytes, performance.now());
				if (!session.hasBroughtBytes) onFirstBytes();
				session.hasBroughtBytes = true;
			});
		} finally {
			session.attempts.delete(attempt);
		}
	}

	/** To be called in equal intervals, for {@link bytesPerTick}. */
	tick(): void {
		const isBusy = this.session !== undefined && this.session.attempts.size > 0;
		if (isBusy) this.#tickBytes.push(this.#currentTickBytes);
		if (this.#tickBytes.length > rateTicks) this.#tickBytes.shift();
		this.#currentTickBytes = 0;
	}

	/** Undefined while it is not known. */
	get bytesPerTick(): number | undefined {
		if (this.#tickBytes.length < leastRateTicks) return undefined;
		return this.#tickBytes.reduce((sum, bytes) => sum + bytes, 0) / this.#tickBytes.length;
	}

	#checkImage({ sizeBytes, mayBeLonger, identity }: Source, expectedBytes: number): void {
		const first = this.#first;
		if (first === undefined) {
			const fits = mayBeLonger ? sizeBytes >= expectedBytes : sizeBytes === expectedBytes;
			if (!fits) throw sizeMismatch(this.name, sizeBytes, expectedBytes);
			this.#first = { sizeBytes, identity };
		} else if (sizeBytes !== first.sizeBytes) {
			throw changedOnServer(this.name, `it had ${first.sizeBytes} bytes, and has ${sizeBytes}`);
		} else if (identity !== first.identity) {
			throw changedOnServer(
				this.name,
				`its ETag was ${first.identity ?? "missing"}, and is ${identity ?? "missing"}`,
			);
		}
	}
}
