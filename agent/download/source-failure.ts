import { NetherdError } from "../errors.ts";

/** Wrong configuration, mostly: trying again cannot help. */
const permanentCodes: ReadonlySet<string> = new Set([
	"file.not-a-file",
	"file.not-found",
	// Each attempt might leave a thread behind that waits for ever, and there are four.
	"file.stalled",
	"http.bad-certificates",
	"http.bad-redirect",
	"http.forbidden",
	"http.html-page",
	"http.not-found",
	"http.not-http",
	"http.ranges-ignored",
	"http.too-many-redirects",
	"image.changed-on-server",
	"image.size-mismatch",
	"nbd.not-nbd",
	"nbd.old-protocol",
	"nbd.unknown-export",
	"nbd.export-refused",
	"nbd.tls-required",
]);

/** Networks and servers come back: tried again until the total time is over. */
const passingCodes: ReadonlySet<string> = new Set([
	"http.busy",
	"http.connect-timeout",
	"http.connection-lost",
	"http.connection-refused",
	"http.stalled",
	"http.unknown-host",
	"http.unreachable",
	"nbd.unknown-host",
	"nbd.connection-refused",
	"nbd.unreachable",
	"nbd.handshake-timeout",
	"nbd.connection-lost",
	"nbd.stalled",
	"nbd.server-shutting-down",
]);

/** The source refuses one read, and goes on with the others. */
const refusedReadCodes: ReadonlySet<string> = new Set(["file.read-error", "nbd.read-error"]);

/** What a failure says about trying again: `odd` may be chance once, not many times in a row. */
export function natureOf(error: unknown): "permanent" | "passing" | "odd" {
	const code = error instanceof NetherdError ? error.code : "";
	if (permanentCodes.has(code)) return "permanent";
	return passingCodes.has(code) ? "passing" : "odd";
}

export function isRefusedRead(error: unknown): boolean {
	return error instanceof NetherdError && refusedReadCodes.has(error.code);
}

/** Gives an error the time that its server asks for before the next attempt (`Retry-After`). */
export function withRetryAfter<E extends NetherdError>(error: E, retryAfterMs: number): E {
	return Object.assign(error, { retryAfterMs });
}

/** @returns What {@link withRetryAfter} was given. */
export function retryAfterOf(error: unknown): number | undefined {
	if (!(error instanceof NetherdError && "retryAfterMs" in error)) return undefined;
	return typeof error.retryAfterMs === "number" ? error.retryAfterMs : undefined;
}

/**
 * @param source For the message.
 * @param difference Completes "the image on … was replaced during the download: ".
 */
export function changedOnServer(source: string, difference: string): NetherdError {
	return new NetherdError(
		"image.changed-on-server",
		`the image on ${source} was replaced during the download: ${difference}`,
		{ hint: "release a new version in a folder of its own; never change one that is served" },
	);
}
