import type { DownloadEvent } from "../download/download-event.ts";
import type { ImageEvent } from "./report-event.ts";

/** Often enough for a person who watches, seldom enough for a server that a thousand nodes report to. */
const progressIntervalMs = 5_000;

/** A server that takes so few messages gets no more of them. */
const longestQueue = 16;

/**
 * Tells the server how the download goes, while it goes: one message at a time, progress only now and then, nothing that
 * the download waits for. What an unreachable server missed is forgotten, but for the end.
 */
export class ImageReporter {
	readonly #send: (event: ImageEvent) => Promise<boolean>;
	/** Every source that has brought anything. */
	readonly #sources = new Set<string>();
	#queue: ImageEvent[] = [];
	#isSending = false;
	#lastProgressMs = 0;

	/** @param send Tells whether the message was delivered; never rejects. */
	constructor(send: (event: ImageEvent) => Promise<boolean>) {
		this.#send = send;
	}

	take(event: DownloadEvent): void {
		switch (event.kind) {
			case "source-used":
				this.#sources.add(event.source);
				break;
			case "progress": {
				if (event.elapsedMs - this.#lastProgressMs < progressIntervalMs || this.#isSending) break;
				this.#lastProgressMs = event.elapsedMs;
				const { doneBytes, sizeBytes, bytesPerSecond, sources } = event;
				const rate = bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) };
				this.#put({ event: "image-progress", doneBytes, sizeBytes, ...rate, sources });
				break;
			}
			case "source-set-aside": {
				const { source, code, message, retryInMs } = event;
				this.#put({ event: "image-source-aside", source, code, message, retryInMs });
				break;
			}
			case "source-given-up": {
				const { source, code, message } = event;
				this.#put({ event: "image-source-aside", source, code, message });
				break;
			}
			case "wrong-chunk": {
				const { source, index, message } = event;
				this.#put({ event: "image-wrong-chunk", source, chunk: index, message });
				break;
			}
			case "complete":
				this.#put(this.#completion(event));
				break;
		}
	}

	#completion(event: Extract<DownloadEvent, { kind: "complete" }>): ImageEvent {
		const { sizeBytes, elapsedMs, isVerified, wrongChunks, sourceFailures } = event;
		return {
			event: "image-complete",
			sizeBytes,
			durationMs: Math.round(elapsedMs),
			bytesPerSecond: Math.round((1000 * sizeBytes) / Math.max(1, elapsedMs)),
			sources: [...this.#sources],
			isVerified,
			wrongChunks,
			sourceFailures,
		};
	}

	#put(event: ImageEvent): void {
		if (this.#queue.length >= longestQueue && event.event !== "image-complete") return;
		this.#queue.push(event);
		if (!this.#isSending) void this.#sendAll();
	}

	async #sendAll(): Promise<void> {
		this.#isSending = true;
		for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
			if (await this.#send(next)) continue;
			this.#queue = this.#queue.filter(({ event }) => event === "image-complete");
		}
		this.#isSending = false;
	}
}
