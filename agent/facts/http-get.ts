import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../errors.ts";

export interface HttpGetLimits {
	/** Bytes of the answer that are accepted. */
	readonly maximumBytes: number;
	/** Milliseconds for one attempt. */
	readonly timeoutMs: number;
	/** Milliseconds after which no new attempt is made. */
	readonly retryForMs: number;
	/** Told about each attempt that failed and will be repeated. */
	readonly onRetry: (line: string) => void;
}

const firstPauseMs = 500;
const longestPauseMs = 5_000;

/**
 * The body of an HTTP answer; undefined when the server says 404. A server that can't be reached, or says 5xx,
 * is tried again with growing pauses: at power-on of a whole farm it may be starting too.
 *
 * @throws {NetherdError} `server.unreachable`, `server.refused` (any other status), `server.answer-too-large`.
 */
export async function httpGet(url: string, limits: HttpGetLimits): Promise<Buffer | undefined> {
	const giveUpAtMs = Date.now() + limits.retryForMs;
	for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
		try {
			return await attempt(url, limits);
		} catch (error) {
			const final = error instanceof NetherdError && error.code !== "server.unreachable";
			if (final || Date.now() + pauseMs > giveUpAtMs) throw error;
			limits.onRetry(
				`${error instanceof Error ? error.message : String(error)}; again in ${pauseMs / 1000} s`,
			);
			await sleep(pauseMs);
		}
	}
}

function attempt(url: string, { maximumBytes, timeoutMs }: HttpGetLimits): Promise<Buffer | undefined> {
	return new Promise((resolve, reject) => {
		const unreachable = (why: string, cause?: unknown) =>
			new NetherdError("server.unreachable", `${url}: ${why}`, {
				hint: "check that the companion server runs and that the node's network reaches it",
				cause,
			});
		const request = get(url, { signal: AbortSignal.timeout(timeoutMs), agent: false }, (response) => {
			const status = response.statusCode ?? 0;
			if (status !== 200) {
				response.resume();
				if (status === 404) resolve(undefined);
				else if (status >= 500) reject(unreachable(`HTTP status ${status}`));
				else
					reject(
						new NetherdError("server.refused", `${url}: HTTP status ${status}`, {
							hint: "open the URL by hand; netherd.server= on the kernel command line must name the companion server",
						}),
					);
				return;
			}
			const parts: Buffer[] = [];
			let sizeBytes = 0;
			response.on("data", (part: Buffer) => {
				sizeBytes += part.length;
				parts.push(part);
				if (sizeBytes <= maximumBytes) return;
				response.destroy();
				reject(
					new NetherdError("server.answer-too-large", `${url}: more than ${maximumBytes} bytes`, {
						hint: "this is not the file that it should be; open the URL by hand",
					}),
				);
			});
			response.on("end", () => resolve(Buffer.concat(parts)));
			response.on("error", (error) => reject(unreachable("the answer broke off", error)));
		});
		request.on("error", (error) => {
			const late = error.name === "TimeoutError" || error.name === "AbortError";
			reject(unreachable(late ? `no answer within ${timeoutMs / 1000} s` : error.message, error));
		});
	});
}
