import { constants, readlinkSync, realpathSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, sep } from "node:path";
import { NetherdError } from "../agent/errors.ts";

/** An opened regular file below a root. Whoever gets it closes it. */
export interface RootedFile {
	readonly handle: FileHandle;
	readonly status: Stats;
	/** Where the file really is, links resolved. */
	readonly path: string;
}

/**
 * The parts of a URL's path, decoded once. Refuses what could name anything but an entry of the folder before it: an
 * encoded slash, `.`, `..`, an empty part, a NUL. Names that merely begin with dots are fine: Kubernetes calls the folder
 * behind a ConfigMap `..data`.
 *
 * @param urlPath Starts with `/`, without query.
 * @throws {NetherdError} `server.path-refused`
 */
export function pathParts(urlPath: string): string[] {
	const parts = urlPath.slice(1).split("/").map(decodePart);
	if (urlPath.startsWith("/") && parts.every((part) => part !== undefined)) return parts;
	throw new NetherdError("server.path-refused", `refused path ${urlPath}`, {
		hint: "ask for a file by its plain path, such as /images/node/current/image.json",
	});
}

function decodePart(encoded: string): string | undefined {
	let part: string;
	try {
		part = decodeURIComponent(encoded);
	} catch {
		return undefined;
	}
	return part === "" || part === "." || part === ".." || /[/\\\0]/.test(part) ? undefined : part;
}

/**
 * Where a path below the root really is. Links are followed as long as the end is inside the root.
 *
 * @param parts As from pathParts, or trusted.
 * @throws {NetherdError} `server.file-missing`, `server.path-leads-out`.
 */
export function resolveRooted(root: string, parts: readonly string[]): string {
	const named = join(root, ...parts);
	try {
		const realRoot = realpathSync(root);
		const path = realpathSync(named);
		if (isInside(realRoot, path)) return path;
	} catch (error) {
		throw missing(named, error);
	}
	throw leadsOut(root, named);
}

/**
 * Opens a regular file below the root for reading.
 *
 * @throws {NetherdError} `server.file-missing` (also for what is no regular file), `server.path-leads-out`.
 */
export async function openRooted(root: string, parts: readonly string[]): Promise<RootedFile> {
	const path = resolveRooted(root, parts);
	// O_NONBLOCK: opening a FIFO for reading would wait for a writer.
	const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
		(error: unknown) => {
			throw missing(path, error);
		},
	);
	try {
		// A folder on the way may have become a link since resolveRooted looked: the kernel knows what it opened.
		const opened = readlinkSync(`/proc/self/fd/${handle.fd}`);
		if (!isInside(realpathSync(root), opened)) throw leadsOut(root, join(root, ...parts));
		const status = await handle.stat();
		if (!status.isFile()) throw missing(path, new Error("it is not a regular file"));
		return { handle, status, path };
	} catch (error) {
		await handle.close();
		throw error;
	}
}

/**
 * The whole content of a small file.
 *
 * @throws {NetherdError} As `openRooted`.
 */
export async function readRooted(root: string, parts: readonly string[]): Promise<Buffer> {
	const { handle } = await openRooted(root, parts);
	try {
		return await handle.readFile();
	} finally {
		await handle.close();
	}
}

function isInside(realRoot: string, path: string): boolean {
	return path === realRoot || path.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
}

function missing(path: string, cause: unknown): NetherdError {
	return new NetherdError("server.file-missing", `cannot read ${path}`, {
		hint: "put the file there; `npm run image -- build --out DIR` makes a complete boot tree",
		cause,
	});
}

function leadsOut(root: string, path: string): NetherdError {
	return new NetherdError("server.path-leads-out", `${path} is a link that leads out of ${root}`, {
		hint: `copy the file into ${root}; links may lead anywhere inside it, but not out of it`,
	});
}
