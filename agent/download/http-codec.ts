/**
 * The bytes of HTTP/1.1 that a download needs. References are to RFC 9110 (semantics) and RFC 9112 (HTTP/1.1).
 */

/** The server sent something that is not HTTP, or not allowed there. */
export class HttpProtocolError extends Error {
	override readonly name = "HttpProtocolError";
}

/** A reply's first line and fields. */
export interface ReplyHead {
	readonly minorVersion: 0 | 1;
	readonly status: number;
	/** The server's words, for messages. */
	readonly reason: string;
	/** By lower-case name; what came several times is joined by ", " (RFC 9110, 5.3). */
	readonly fields: ReadonlyMap<string, string>;
}

/** How the end of a reply's body is known (RFC 9112, 6.3). */
export type BodyFraming =
	| { readonly kind: "length"; readonly lengthBytes: number }
	| { readonly kind: "chunked" }
	| { readonly kind: "until-close" };

/** RFC 9110, 14.4. */
export interface ContentRange {
	/** Undefined in an answer that says "not satisfiable". */
	readonly range: { readonly firstByte: number; readonly lastByte: number } | undefined;
	/** Undefined when the server does not know. */
	readonly sizeBytes: number | undefined;
}

/**
 * A GET for a part of a resource (RFC 9110, 14.2).
 *
 * @param target Host with port, path with query, as a URL has them: percent-encoded, so without spaces and line ends.
 */
export function encodeRangeRequest(
	target: { readonly host: string; readonly path: string },
	firstByte: number,
	lengthBytes: number,
): Uint8Array {
	const lines = [
		`GET ${target.path} HTTP/1.1`,
		`Host: ${target.host}`,
		`Range: bytes=${firstByte}-${firstByte + lengthBytes - 1}`,
		// Ranges of a compressed representation would be other bytes.
		"Accept-Encoding: identity",
		"User-Agent: netherd",
	];
	return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** @returns Length of the head that `bytes` begin with, the empty line included; undefined: its end is not there. */
export function findHeadEnd(bytes: Uint8Array): number | undefined {
	for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
		// "a recipient MAY recognize a single LF as a line terminator" (RFC 9112, 2.2).
		if (bytes[at + 1] === lineFeed) return at + 2;
		if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3;
	}
	return undefined;
}

/** False as soon as `bytes`, the first ones of a reply, cannot be HTTP. */
export function mayBeHttp(bytes: Uint8Array): boolean {
	const expected = "HTTP/1.";
	const seen = Buffer.from(bytes.subarray(0, expected.length)).toString("latin1");
	return expected.startsWith(seen);
}

/** @param bytes A whole head, as {@link findHeadEnd} finds it. */
export function decodeHead(bytes: Uint8Array): ReplyHead {
	// A line that begins with a space belongs to the one before (RFC 9112, 5.2).
	const text = Buffer.from(bytes)
		.toString("latin1")
		.replace(/\r\n/g, "\n")
		.replace(/\n[ \t]+/g, " ");
	const [statusLine = "", ...lines] = text.replace(/\n+$/, "").split("\n");
	const [, minorVersion, status, reason] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(statusLine) ?? [];
	if (status === undefined) throw new HttpProtocolError(`status line ${JSON.stringify(statusLine)}`);
	const fields = new Map<string, string>();
	for (const line of lines) {
		const colon = line.indexOf(":");
		const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
		if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
			throw new HttpProtocolError(`header line ${JSON.stringify(line)}`);
		const value = line.slice(colon + 1).trim();
		const before = fields.get(name);
		fields.set(name, before === undefined ? value : `${before}, ${value}`);
	}
	return { minorVersion: minorVersion === "0" ? 0 : 1, status: Number(status), reason: reason ?? "", fields };
}

/** For replies that have a body: not 1xx, 204 and 304. */
export function decodeFraming({ fields }: ReplyHead): BodyFraming {
	const transferCoding = fields.get("transfer-encoding");
	if (transferCoding !== undefined) {
		if (transferCoding.toLowerCase() === "chunked") return { kind: "chunked" };
		throw new HttpProtocolError(`transfer coding ${JSON.stringify(transferCoding)}`);
	}
	const lengths = new Set((fields.get("content-length") ?? "").split(",").map((each) => each.trim()));
	const [length = ""] = lengths;
	if (length === "" && lengths.size === 1) return { kind: "until-close" };
	const lengthBytes = decodeNumber(length);
	if (lengths.size > 1 || lengthBytes === undefined) {
		throw new HttpProtocolError(`Content-Length ${JSON.stringify(fields.get("content-length"))}`);
	}
	return { kind: "length", lengthBytes };
}

/** @returns Undefined when there is none. */
export function decodeContentRange({ fields }: ReplyHead): ContentRange | undefined {
	const text = fields.get("content-range");
	if (text === undefined) return undefined;
	const [, first, last, star, size] = /^bytes +(?:(\d+)-(\d+)|(\*))\/(\d+|\*)$/i.exec(text) ?? [];
	const firstByte = decodeNumber(first ?? "");
	const lastByte = decodeNumber(last ?? "");
	const sizeBytes = size === "*" ? undefined : decodeNumber(size ?? "");
	const isSizeRight = size === "*" || sizeBytes !== undefined;
	if (isSizeRight && star !== undefined) return { range: undefined, sizeBytes };
	if (!isSizeRight || firstByte === undefined || lastByte === undefined || lastByte < firstByte) {
		throw new HttpProtocolError(`Content-Range ${JSON.stringify(text)}`);
	}
	if (sizeBytes !== undefined && lastByte >= sizeBytes) {
		throw new HttpProtocolError(`Content-Range ${JSON.stringify(text)}`);
	}
	return { range: { firstByte, lastByte }, sizeBytes };
}

/** The size in a line before a chunk of data; 0 is the last (RFC 9112, 7.1). @param line Without its end. */
export function decodeChunkSize(line: string): number {
	const digits = /^0*([0-9a-f]{0,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
	const isNumber = /^[0-9a-f]/i.test(line);
	if (digits === undefined || !isNumber) throw new HttpProtocolError(`chunk size ${JSON.stringify(line)}`);
	return Number.parseInt(digits || "0", 16);
}

/** RFC 9112, 9.3. */
export function staysOpen({ minorVersion, fields }: ReplyHead): boolean {
	const options = (fields.get("connection") ?? "").toLowerCase().split(/[ \t]*,[ \t]*/);
	if (options.includes("close")) return false;
	return minorVersion === 1 || options.includes("keep-alive");
}

/**
 * RFC 9110, 10.2.3: seconds, or a date, which counts from the server's own clock: ours may be wrong.
 *
 * @returns Milliseconds; undefined when there is none, or nonsense.
 */
export function decodeRetryAfter({ fields }: ReplyHead, nowMs: number): number | undefined {
	const text = fields.get("retry-after") ?? "";
	const seconds = decodeNumber(text);
	if (seconds !== undefined) return seconds * 1000;
	const thenMs = Date.parse(text);
	if (!/^[A-Z][a-z]+, /.test(text) || Number.isNaN(thenMs)) return undefined;
	const serverNowMs = Date.parse(fields.get("date") ?? "");
	return Math.max(0, thenMs - (Number.isNaN(serverNowMs) ? nowMs : serverNowMs));
}

/** What changes with the content (RFC 9110, 8.8): the ETag, else the date of the last change; undefined: neither. */
export function identityOf({ fields }: ReplyHead): string | undefined {
	return fields.get("etag") ?? fields.get("last-modified");
}

const lineFeed = 10;
const carriageReturn = 13;

/** Digits only, below 2⁵³. */
function decodeNumber(text: string): number | undefined {
	const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
	return Number.isSafeInteger(value) ? value : undefined;
}
