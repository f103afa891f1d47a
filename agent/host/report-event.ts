import { request } from "node:http";
import type { JoinEvent } from "../cluster/join-event.ts";
import type { Log } from "../log.ts";

/** What a node tells the companion server about its boot; times in milliseconds, sizes in bytes. */
export type BootEvent = (StageEvent | ImageEvent | JoinEvent) & {
	readonly stage: string;
	readonly mac?: string;
	readonly hostname?: string;
	/** Seconds since the kernel started. */
	readonly uptimeSeconds: number;
};

interface StageEvent {
	readonly event: "stage-started" | "stage-done" | "boot-failed";
	readonly durationMs?: number;
	/** Code and message of a failure. */
	readonly code?: string;
	readonly message?: string;
}

/** What happens while the image is fetched. Sources are named as on the console. */
export type ImageEvent =
	| {
			readonly event: "image-progress";
			readonly doneBytes: number;
			readonly sizeBytes: number;
			readonly bytesPerSecond?: number;
			/** Those that bring something now. */
			readonly sources: readonly string[];
	  }
	| {
			readonly event: "image-source-aside";
			readonly source: string;
			readonly code: string;
			readonly message: string;
			/** Absent: it is not tried again during this boot. */
			readonly retryInMs?: number;
	  }
	| {
			readonly event: "image-wrong-chunk";
			readonly source: string;
			/** Its number in the manifest, from 0. */
			readonly chunk: number;
			readonly message: string;
	  }
	| {
			readonly event: "image-complete";
			readonly sizeBytes: number;
			readonly durationMs: number;
			readonly bytesPerSecond: number;
			/** All that brought something. */
			readonly sources: readonly string[];
			readonly isVerified: boolean;
			readonly wrongChunks: number;
			/** Times that a source was set aside. */
			readonly sourceFailures: number;
	  };

const timeoutMs = 2_000;

/**
 * Tells the server, if there is one and it listens. A boot never fails, and hardly waits, because of this.
 *
 * @returns Whether the server has heard it.
 */
export function reportEvent(server: string | undefined, event: BootEvent, log: Log): Promise<boolean> {
	if (server === undefined) return Promise.resolve(false);
	return new Promise((resolve) => {
		const give = (why: string) => {
			log.debug(`event not delivered to ${server}: ${why}`);
			resolve(false);
		};
		try {
			const post = request(
				`${server}/events`,
				{
					method: "POST",
					agent: false,
					signal: AbortSignal.timeout(timeoutMs),
					headers: { "content-type": "application/json" },
				},
				(response) => {
					response.resume();
					response.on("close", () => resolve(true));
				},
			);
			post.on("error", (error) => give(error.message));
			post.end(JSON.stringify(event));
		} catch (error) {
			give(String(error));
		}
	});
}
