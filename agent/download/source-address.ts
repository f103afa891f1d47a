import { posix } from "node:path";
import type { NbdAddress } from "./nbd-errors.ts";

/** Where an image can be had. */
export type SourceAddress = NbdSourceAddress | HttpSourceAddress | FileSourceAddress;

/** What several sources are for: each a stand-in for those before it, or all at once for their joint rate. */
export type SourceUse = "in-order" | "together";

export type NbdSourceAddress = { readonly kind: "nbd" } & NbdAddress;

/** The image file itself, on a web server that answers range requests (RFC 9110, section 14). */
export interface HttpSourceAddress {
	readonly kind: "http";
	/** `http://` or `https://`, without user and password. */
	readonly url: string;
}

/** A local file or block device. */
export interface FileSourceAddress {
	readonly kind: "file";
	/** Absolute. */
	readonly path: string;
}

/** IANA's port of NBD. */
export const defaultNbdPort = 10809;

/**
 * Reads `nbd://HOST[:PORT]/EXPORT` (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/uri.md), `http://…`,
 * `https://…`, `file:///PATH` or `/PATH`.
 */
export function parseSourceAddress(text: string): SourceAddress | { readonly problem: string } {
	if (text.startsWith("/")) return readPath(text);
	if (!URL.canParse(text)) return { problem: "it is no URL and no absolute path" };
	const url = new URL(text);
	if (url.username !== "" || url.password !== "") {
		return { problem: "a user or password in it would be shown on the console" };
	}
	if (url.hash !== "") return { problem: "a # in it means nothing to a server" };
	if (url.port === "0") return { problem: "0 is no port (1 to 65535)" };
	switch (url.protocol) {
		case "nbd:":
			return parseNbd(url);
		case "http:":
		case "https:":
			return { kind: "http", url: url.href };
		case "file:":
			if (url.hostname !== "") return { problem: "a file has no host: write file:///PATH" };
			if (url.search !== "") return { problem: "a file has no ? part" };
			return readPath(decode(url.pathname));
		default:
			return { problem: `its protocol ${url.protocol} is none of nbd:, http:, https:, file:` };
	}
}

/** As {@link parseSourceAddress} reads it; for messages. */
export function describeSource(address: SourceAddress): string {
	switch (address.kind) {
		case "nbd": {
			const host = address.host.includes(":") ? `[${address.host}]` : address.host;
			return `nbd://${host}:${address.port}/${address.exportName.replace(/^\//, "")}`;
		}
		case "http":
			return address.url;
		case "file":
			return `file://${address.path}`;
	}
}

const undecodable = { problem: "its % signs are not followed by two hexadecimal digits of a printable text" };

function parseNbd(url: URL): NbdSourceAddress | { readonly problem: string } {
	const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
	if (!/^[A-Za-z0-9:](?:[A-Za-z0-9:._-]*[A-Za-z0-9:])?$/.test(host)) {
		return { problem: "it has no host: write nbd://HOST:PORT/EXPORT" };
	}
	if (url.search !== "") return { problem: "NBD has no ? part" };
	const exportName = decode(url.pathname.replace(/^\//, ""));
	if (exportName === undefined) return undecodable;
	return { kind: "nbd", host, port: url.port === "" ? defaultNbdPort : Number(url.port), exportName };
}

function readPath(path: string | undefined): FileSourceAddress | { readonly problem: string } {
	if (path === undefined) return undecodable;
	if (path.endsWith("/")) return { problem: "it is a folder, not a file or block device" };
	if (posix.normalize(path) !== path) return { problem: "the path has .., . or empty parts" };
	return { kind: "file", path };
}

function decode(text: string): string | undefined {
	try {
		const decoded = decodeURIComponent(text);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
		return /[\u0000-\u001f\u007f]/.test(decoded) ? undefined : decoded;
	} catch {
		return undefined;
	}
}
