import type { DownloadEvent } from "../download/download-event.ts";
import { NetherdError } from "../errors.ts";

/** What a source says, or does, when its image is not the one of the manifest. */
const signsOfChange: ReadonlySet<string> = new Set([
	"image.changed-on-server",
	"image.chunk-corrupt",
	"image.size-mismatch",
]);

/** With a download that stands still after such a sign. */
export interface Patience {
	/** Then the manifest is asked for, while the download goes on waiting for a source that works. */
	readonly standstillMs: number;
	/** Then it is asked for again. */
	readonly repeatMs: number;
}

const patienceOfANode: Patience = { standstillMs: 5000, repeatMs: 60_000 };

/**
 * Watches a download for signs that its image was replaced on the server. When it stands still after one (the other
 * sources are down, and might stay so until the time is over), asks whether there is another image, and ends it then.
 */
export class ReplacementWatch<Other> {
	readonly #ask: () => Promise<Other | undefined>;
	readonly #patience: Patience;
	readonly #end = new AbortController();
	#isSuspected = false;
	#isAsking = false;
	/** The most bytes so far, and when they were there. */
	#best = { doneBytes: 0, elapsedMs: 0 };
	#askedMs = Number.NEGATIVE_INFINITY;
	#lastSign: Error | undefined;
	/** The other image. */
	found: Other | undefined;

	/** @param ask Resolves to undefined when there is no other image, or nobody knows. Never rejects. */
	constructor(ask: () => Promise<Other | undefined>, patience = patienceOfANode) {
		this.#ask = ask;
		this.#patience = patience;
	}

	/** Aborted when there is another image; the reason is the sign. */
	get signal(): AbortSignal {
		return this.#end.signal;
	}

	get isSuspected(): boolean {
		return this.#isSuspected;
	}

	noteCode(code: string): void {
		if (signsOfChange.has(code)) this.#isSuspected = true;
	}

	note(event: DownloadEvent): void {
		switch (event.kind) {
			case "wrong-chunk":
				this.#noteSign("image.chunk-corrupt", event.message);
				break;
			case "source-set-aside":
			case "source-given-up":
				this.#noteSign(event.code, event.message);
				break;
			case "progress":
				this.#noteProgress(event);
				break;
		}
	}

	#noteSign(code: string, message: string): void {
		this.noteCode(code);
		if (!signsOfChange.has(code)) return;
		this.#lastSign = new NetherdError(code, message, {
			hint: "release a new version in a folder of its own; never change one that is served",
		});
	}

	#noteProgress({ doneBytes, elapsedMs }: { doneBytes: number; elapsedMs: number }): void {
		if (doneBytes > this.#best.doneBytes) this.#best = { doneBytes, elapsedMs };
		const { standstillMs, repeatMs } = this.#patience;
		const standsStill = elapsedMs - this.#best.elapsedMs >= standstillMs;
		if (!this.#isSuspected || !standsStill || this.#isAsking) return;
		if (elapsedMs - this.#askedMs < repeatMs) return;
		this.#askedMs = elapsedMs;
		void this.#askNow();
	}

	async #askNow(): Promise<void> {
		this.#isAsking = true;
		this.found = await this.#ask();
		this.#isAsking = false;
		if (this.found !== undefined) this.#end.abort(this.#lastSign);
	}
}
