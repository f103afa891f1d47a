import type { Stats } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { openRooted, type RootedFile } from "../rooted-path.ts";
import { parseByteRange } from "./byte-range.ts";

const contentTypes: Readonly<Record<string, string>> = {
	".conf": "text/plain; charset=utf-8",
	".json": "application/json",
	".sig": "text/plain; charset=utf-8",
};

/** As large as the read-ahead of a disk is useful; larger was not faster. */
const readBytes = 1024 * 1024;

/**
 * Sends a file below the root: GET and HEAD, one range, conditional by ETag. Returns when the last byte is handed to the
 * kernel or the client is gone.
 *
 * @param begin Called with the file's real path when it is there; what it returns is called at the end.
 * @throws {NetherdError} `server.file-missing`, `server.path-leads-out`, before anything is sent.
 */
export async function sendFile(
	request: IncomingMessage,
	response: ServerResponse,
	root: string,
	parts: readonly string[],
	cacheControl: "no-store" | "no-cache" = "no-cache",
	begin: (path: string) => () => void = () => () => {},
): Promise<void> {
	const file = await openRooted(root, parts);
	const end = begin(file.path);
	try {
		await answer(request, response, file, cacheControl);
	} finally {
		end();
		await file.handle.close();
	}
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	file: RootedFile,
	cacheControl: string,
): Promise<void> {
	const { size } = file.status;
	const tag = entityTag(file.status);
	response.setHeader("ETag", tag);
	response.setHeader("Last-Modified", file.status.mtime.toUTCString());
	response.setHeader("Accept-Ranges", "bytes");
	response.setHeader("Cache-Control", cacheControl);
	response.setHeader("Content-Type", contentTypes[extname(file.path)] ?? "application/octet-stream");
	if (matches(request.headers["if-none-match"], tag)) {
		response.writeHead(304).end();
		return;
	}
	// RFC 9110, section 13.1.5: a range of another version of the file would be useless.
	const wantsThisVersion = (request.headers["if-range"] ?? tag) === tag;
	const range = wantsThisVersion ? parseByteRange(request.headers.range, size) : "whole";
	if (range === "unsatisfiable") {
		response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
		return;
	}
	const { first, last } = range === "whole" ? { first: 0, last: size - 1 } : range;
	const headers = { "Content-Length": last - first + 1 };
	if (range === "whole") response.writeHead(200, headers);
	else response.writeHead(206, { ...headers, "Content-Range": `bytes ${first}-${last}/${size}` });
	if (request.method === "HEAD" || size === 0) {
		response.end();
		return;
	}
	const content = file.handle.createReadStream({
		start: first,
		end: last,
		highWaterMark: readBytes,
		autoClose: false,
	});
	await pipeline(content, response).catch(() => {
		// The client went away, or the file became shorter: in both cases the connection is cut, and logged as cut.
		response.destroy();
	});
}

/** Strong, and the same after a restart: a file is replaced, never written into. */
function entityTag(status: Stats): string {
	return `"${status.ino.toString(16)}-${status.size.toString(16)}-${Math.trunc(status.mtimeMs).toString(16)}"`;
}

/** RFC 9110, section 13.1.2: weak comparison. */
function matches(header: string | undefined, tag: string): boolean {
	if (header === undefined) return false;
	return header.split(",").some((part) => ["*", tag, `W/${tag}`].includes(part.trim()));
}
