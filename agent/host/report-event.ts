import { connect } from "node:net";
import type { JoinEvent } from "../cluster/join-event.ts";
import type { Log } from "../log.ts";
import { SilenceLimit } from "../silence-limit.ts";

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
 * On node:net: one request without anything special is no reason to load node:http.
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
			const { protocol, host, hostname, port, pathname } = new URL(`${server}/events`);
			if (protocol !== "http:") return give(`${protocol} is not spoken here`);
			// A URL has the brackets of an IPv6 address, a socket has not.
			const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) || 80 });
			const limit = new SilenceLimit(timeoutMs, () =>
				socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
			).start();
			let problem = "the connection was closed";
			let isAnswered = false;
			socket.on("error", ({ message }) => {
				problem = message;
			});
			socket.once("data", () => {
				isAnswered = true;
				socket.destroy();
			});
			socket.once("close", () => {
				limit.stop();
				if (isAnswered) resolve(true);
				else give(problem);
			});
			socket.write(encodePost(host, pathname, JSON.stringify(event)));
		} catch (error) {
			give(String(error));
		}
	});
}

/** RFC 9112. */
function encodePost(host: string, path: string, body: string): string {
	const fields = {
		Host: host,
		"Content-Type": "application/json",
		"Content-Length": Buffer.byteLength(body),
		Connection: "close",
	};
	const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
	return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
