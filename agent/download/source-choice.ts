import { NetherdError } from "../errors.ts";
import { quoteForeignText } from "./foreign-text.ts";
import { natureOf } from "./source-failure.ts";

/** Any other failure may be chance once, not so many times in a row. */
const maximumOddFailures = 5;

const firstDelayMs = 500;
const longestDelayMs = 10_000;

interface SourceState {
	readonly name: string;
	/** Failures in a row, without a chunk in between. */
	failures: number;
	oddFailures: number;
	/** Not to be tried before. */
	notBeforeMs: number;
	lastError: unknown;
	isOut: boolean;
}

/**
 * Which source to use next: the first in order of preference that has not failed lately. A failure sets a source aside,
 * for a time that doubles with each further one (with jitter, so that nodes that lost a server together do not come
 * back together), or for good.
 */
export class SourceChoice {
	readonly #sources: readonly SourceState[];
	readonly #random: () => number;

	/**
	 * @param names For messages, in order of preference.
	 * @param random From 0 to below 1.
	 */
	constructor(names: readonly string[], random: () => number = Math.random) {
		this.#sources = names.map((name) => ({
			name,
			failures: 0,
			oddFailures: 0,
			notBeforeMs: 0,
			lastError: undefined,
			isOut: false,
		}));
		this.#random = random;
	}

	/**
	 * @returns Index of the source, and how long to wait before it may be used.
	 * @throws {NetherdError} When every source is set aside for good: the error of the only one, or
	 *   `image.no-source-left` with all reasons.
	 */
	choose(nowMs: number): { index: number; waitMs: number } {
		const usable = this.#sources.filter(({ isOut }) => !isOut);
		const first = usable[0];
		if (first === undefined) throw this.#allOut();
		const ready = usable.find(({ notBeforeMs }) => notBeforeMs <= nowMs);
		const soonest = usable.reduce(
			(best, other) => (other.notBeforeMs < best.notBeforeMs ? other : best),
			first,
		);
		const chosen = ready ?? soonest;
		return { index: this.#sources.indexOf(chosen), waitMs: Math.max(0, chosen.notBeforeMs - nowMs) };
	}

	/** @returns For how long the source is set aside; undefined: for good. */
	failed(index: number, error: unknown, nowMs: number): number | undefined {
		const source = this.#at(index);
		const nature = natureOf(error);
		source.lastError = error;
		source.failures += 1;
		if (nature !== "passing") source.oddFailures += 1;
		if (nature === "permanent" || source.oddFailures >= maximumOddFailures) {
			source.isOut = true;
			return undefined;
		}
		const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (source.failures - 1));
		const jitteredMs = Math.ceil(delayMs * (0.5 + 0.5 * this.#random()));
		source.notBeforeMs = nowMs + jitteredMs;
		return jitteredMs;
	}

	/** The source gave a good chunk. */
	succeeded(index: number): void {
		const source = this.#at(index);
		source.failures = 0;
		source.oddFailures = 0;
	}

	#at(index: number): SourceState {
		const source = this.#sources[index];
		if (source === undefined) throw new RangeError(`source ${index} of ${this.#sources.length}`);
		return source;
	}

	#allOut(): unknown {
		const [first, ...others] = this.#sources;
		if (first !== undefined && others.length === 0) return first.lastError;
		const reasons = this.#sources.map(({ name, lastError }) => {
			const message = lastError instanceof Error ? lastError.message : String(lastError);
			return `${name}: ${quoteForeignText(message, 300)}`;
		});
		return new NetherdError(
			"image.no-source-left",
			`no source can give the image\n  ${reasons.join("\n  ")}`,
			{
				hint: "correct the address of at least one source, or the server behind it",
				cause: first?.lastError,
			},
		);
	}
}
