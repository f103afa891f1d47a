import { request } from "node:http";
import type { Log } from "../log.ts";

/** What a node tells the companion server about its boot. */
export interface BootEvent {
	readonly event: "stage-started" | "stage-done" | "boot-failed";
	readonly stage: string;
	readonly mac?: string;
	readonly hostname?: string;
	/** Seconds since the kernel started. */
	readonly uptimeSeconds: number;
	readonly durationMs?: number;
	/** Code and message of a failure. */
	readonly code?: string;
	readonly message?: string;
}

const timeoutMs = 2_000;

/** Tells the server, if there is one and it listens. A boot never fails, and hardly waits, because of this. */
export function reportEvent(server: string | undefined, event: BootEvent, log: Log): Promise<void> {
	if (server === undefined) return Promise.resolve();
	return new Promise((resolve) => {
		const give = (why: string) => {
			log.debug(`event not delivered to ${server}: ${why}`);
			resolve();
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
					response.on("close", resolve);
				},
			);
			post.on("error", (error) => give(error.message));
			post.end(JSON.stringify(event));
		} catch (error) {
			give(String(error));
		}
	});
}
