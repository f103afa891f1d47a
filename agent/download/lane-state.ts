import { NetherdError } from "../errors.ts";
import { natureOf, retryAfterOf } from "./source-failure.ts";
import { stallFloorBytes } from "./stall-watch.ts";

/** A failure that is neither permanent nor passing may be chance once, not so many times in a row. */
const maximumOddFailures = 5;

/** A chunk that came wrong from a source, or that it refused to read, so many times is not asked from it again. */
export const maximumChunkFailures = 4;

const firstDelayMs = 500;
const longestDelayMs = 10_000;
/** A server that asks for more patience than this gets this much. */
const longestRetryAfterMs = 120_000;

/** A source that never failed is waited for this long before another one is called in. */
const firstBytesGraceMs = 3000;
/** One that is asked for bytes and brings none for so long keeps its connection, and loses its place. */
const hesitationMs = 5000;

/** `idle`: not needed. `aside`: failed, to be tried again. `out`: for good. */
export type LanePhase = "idle" | "connecting" | "open" | "aside" | "out";

/**
 * What is known about one source: whether it works, whether others should stand in for it, when to try it again. Takes
 * the time from its caller, in milliseconds.
 */
export class LaneState {
	readonly #random: () => number;
	#phase: LanePhase = "idle";
	/** In a row, without a good chunk in between. */
	#failures = 0;
	#oddFailures = 0;
	/** Times that it gave wrong data. Never forgiven: a liar's good chunks don't make the next one likelier to be good. */
	#lies = 0;
	readonly #chunkFailures = new Map<number, number>();
	#notBeforeMs = 0;
	/** Of the current attempt. */
	#startedMs = 0;
	#receivedBytes = 0;
	#lastByteMs = 0;
	lastError: unknown;

	/** @param random From 0 to below 1. */
	constructor(random: () => number = Math.random) {
		this.#random = random;
	}

	get phase(): LanePhase {
		return this.#phase;
	}

	/** For how long it must not be tried; 0: it may be. */
	waitMs(nowMs: number): number {
		return this.#phase === "aside" ? Math.max(0, this.#notBeforeMs - nowMs) : 0;
	}

	connecting(nowMs: number): void {
		this.#phase = "connecting";
		this.#startedMs = nowMs;
		this.#lastByteMs = nowMs;
		this.#receivedBytes = 0;
	}

	opened(): void {
		this.#phase = "open";
	}

	/** Closed because it is not needed at the moment. */
	rested(): void {
		this.#phase = "idle";
	}

	/** Nothing is asked for; so it is no hesitation that nothing comes. */
	asked(nowMs: number): void {
		this.#lastByteMs = nowMs;
	}

	received(bytes: number, nowMs: number): void {
		this.#receivedBytes += bytes;
		this.#lastByteMs = nowMs;
	}

	/** The source gave a good chunk: all is forgiven. */
	succeeded(): void {
		this.#failures = 0;
		this.#oddFailures = 0;
	}

	/** @returns How often it has failed to give this chunk. */
	failedChunk(index: number): number {
		const failures = (this.#chunkFailures.get(index) ?? 0) + 1;
		this.#chunkFailures.set(index, failures);
		return failures;
	}

	hasFailedChunk(index: number): boolean {
		return this.#chunkFailures.has(index);
	}

	/**
	 * The source failed: it is set aside for a time that doubles with each further failure (with jitter, so that nodes
	 * that lost a server together do not come back together), or for good.
	 *
	 * @returns For how long; undefined: for good.
	 */
	failed(error: unknown, nowMs: number, isFinal = false): number | undefined {
		const nature = natureOf(error);
		this.lastError = error;
		this.#failures += 1;
		const isLie = error instanceof NetherdError && error.code === "image.chunk-corrupt";
		if (isLie) this.#lies += 1;
		if (nature !== "passing") this.#oddFailures += 1;
		if (isFinal || nature === "permanent" || this.#oddFailures >= maximumOddFailures) {
			this.#phase = "out";
			return undefined;
		}
		this.#phase = "aside";
		const delayMs = Math.min(
			longestDelayMs,
			firstDelayMs * 2 ** (Math.max(this.#failures, isLie ? this.#lies : 0) - 1),
		);
		const backoffMs = delayMs * (0.5 + 0.5 * this.#random());
		// Not before the server wants it, and not all at that moment.
		const wantedMs = Math.min(retryAfterOf(error) ?? 0, longestRetryAfterMs) * (1 + 0.25 * this.#random());
		const asideMs = Math.ceil(Math.max(backoffMs, wantedMs));
		this.#notBeforeMs = nowMs + asideMs;
		return asideMs;
	}

	/**
	 * Whether those that are less preferred should leave the work to this one. A source that failed gets its place back
	 * with its first good chunk.
	 */
	holdsPlace(nowMs: number): boolean {
		if (this.#phase !== "connecting" && this.#phase !== "open") return false;
		if (this.#failures > 0) return false;
		if (this.#receivedBytes < stallFloorBytes) return nowMs - this.#startedMs < firstBytesGraceMs;
		return nowMs - this.#lastByteMs < hesitationMs;
	}
}

/**
 * Whether a source may fetch now.
 *
 * @param index In order of preference.
 */
export function mayFetch(
	lanes: readonly LaneState[],
	index: number,
	use: "in-order" | "together",
	nowMs: number,
): boolean {
	return use === "together" || !lanes.slice(0, index).some((lane) => lane.holdsPlace(nowMs));
}
