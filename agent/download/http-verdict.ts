import {
	decodeContentRange,
	decodeFraming,
	decodeRetryAfter,
	HttpProtocolError,
	identityOf,
	type ReplyHead,
} from "./http-codec.ts";
import {
	badRedirect,
	describeStatus,
	describeUrl,
	htmlPage,
	rangesIgnored,
	refusal,
	wrongRange,
} from "./http-errors.ts";
import { changedOnServer } from "./source-failure.ts";

/** What a web server tells about a file. */
export interface RemoteFile {
	readonly sizeBytes: number;
	/** Undefined where it tells nothing that changes with the content. */
	readonly identity: string | undefined;
}

/** The answer to the first request, for the first byte of a file. */
export type FirstAnswer =
	| { readonly kind: "file"; readonly file: RemoteFile }
	/** There is no first byte. */
	| { readonly kind: "empty-file"; readonly file: RemoteFile }
	| { readonly kind: "redirect"; readonly to: URL };

/** @throws {NetherdError} `http.*` */
export function judgeFirstReply(url: URL, head: ReplyHead): FirstAnswer {
	if (isRedirect(head)) return { kind: "redirect", to: redirectTarget(url, head) };
	const identity = identityOf(head);
	if (isEmptyFile(head)) return { kind: "empty-file", file: { sizeBytes: 0, identity } };
	const sizeBytes = checkRange(url, head, 0, 1);
	if (sizeBytes !== undefined) return { kind: "file", file: { sizeBytes, identity } };
	throw wrongRange(url, { firstByte: 0, lastByte: 0 }, "no size of the whole file");
}

/**
 * Checks that a reply brings the wanted bytes of the file that was opened.
 *
 * @throws {NetherdError} `http.*`; `image.changed-on-server` when size or identity are others than before.
 */
export function judgeReply(
	url: URL,
	head: ReplyHead,
	file: RemoteFile,
	firstByte: number,
	lengthBytes: number,
): void {
	// Its range is beyond the end: the file has shrunk.
	const rangeBefore = head.status === 416 ? readContentRange(url, head, firstByte, lengthBytes) : undefined;
	checkSize(url, rangeBefore?.sizeBytes, file);
	const sizeBytes = checkRange(url, head, firstByte, lengthBytes);
	checkSize(url, sizeBytes, file);
	const identity = identityOf(head);
	if (identity !== undefined && file.identity !== undefined && identity !== file.identity) {
		throw changedOnServer(describeUrl(url), `its ETag was ${file.identity}, and is ${identity}`);
	}
}

function checkSize(url: URL, sizeBytes: number | undefined, file: RemoteFile): void {
	if (sizeBytes === undefined || sizeBytes === file.sizeBytes) return;
	throw changedOnServer(describeUrl(url), `it had ${file.sizeBytes} bytes, and has ${sizeBytes}`);
}

/** @returns Size of the whole file; undefined when the server does not tell. */
function checkRange(url: URL, head: ReplyHead, firstByte: number, lengthBytes: number): number | undefined {
	const { status, fields } = head;
	const lastByte = firstByte + lengthBytes - 1;
	const wrong = (what: string) => wrongRange(url, { firstByte, lastByte }, what);
	const type = (fields.get("content-type") ?? "").toLowerCase();
	const isHtml = /^(text\/html|application\/xhtml)/.test(type);
	if (status === 200) throw isHtml ? htmlPage(url) : rangesIgnored(url);
	if (status === 416) throw wrong(describeStatus(head));
	if (status >= 300 || status < 200) throw refusal(url, head, decodeRetryAfter(head, Date.now()));
	if (status !== 206) throw wrong(describeStatus(head));
	if (type.startsWith("multipart/")) throw wrong(`parts of type ${type}`);
	const encoding = fields.get("content-encoding")?.toLowerCase() ?? "identity";
	if (encoding !== "identity") throw wrong(`Content-Encoding ${encoding}`);
	const content = readContentRange(url, head, firstByte, lengthBytes);
	if (content?.range === undefined) throw wrong("no Content-Range");
	if (content.range.firstByte !== firstByte || content.range.lastByte !== lastByte) {
		throw wrong(`bytes ${content.range.firstByte}–${content.range.lastByte}`);
	}
	const framing = decodeFraming(head);
	if (framing.kind === "length" && framing.lengthBytes !== lengthBytes) {
		throw wrong(`Content-Length ${framing.lengthBytes}`);
	}
	return content.sizeBytes;
}

function readContentRange(url: URL, head: ReplyHead, firstByte: number, lengthBytes: number) {
	try {
		return decodeContentRange(head);
	} catch (error) {
		if (!(error instanceof HttpProtocolError)) throw error;
		throw wrongRange(url, { firstByte, lastByte: firstByte + lengthBytes - 1 }, error.message);
	}
}

/** A range of nothing cannot be satisfied; some servers answer with the whole file instead. */
function isEmptyFile(head: ReplyHead): boolean {
	if (head.status === 200) return head.fields.get("content-length") === "0";
	return head.status === 416 && head.fields.get("content-range") === "bytes */0";
}

function isRedirect({ status }: ReplyHead): boolean {
	return [301, 302, 303, 307, 308].includes(status);
}

/** @throws {NetherdError} `http.bad-redirect` */
function redirectTarget(from: URL, { fields }: ReplyHead): URL {
	const location = fields.get("location");
	const to = location === undefined ? null : URL.parse(location, from);
	if (to === null || !["http:", "https:"].includes(to.protocol) || to.username !== "" || to.password !== "") {
		throw badRedirect(from, location);
	}
	// What https: protects, a redirect must not give away.
	if (from.protocol === "https:" && to.protocol === "http:") throw badRedirect(from, location);
	to.hash = "";
	return to;
}
