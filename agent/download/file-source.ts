import { type FileHandle, open } from "node:fs/promises";
import { NetherdError } from "../errors.ts";
import { SilenceLimit } from "../silence-limit.ts";
import type { Source, SourceLimits } from "./source.ts";
import type { FileSourceAddress } from "./source-address.ts";
import { StallWatch } from "./stall-watch.ts";
import { untilItAnswers } from "./unanswered.ts";

/**
 * Read at once: into memory of its own, and copied from there. What is read from a disk that has stalled may still arrive
 * after hours, and must not land in memory that is used for something else by then.
 */
const pieceBytes = 256 * 1024;

/**
 * Opens a regular file or a block device.
 *
 * @throws {NetherdError} `file.not-found`, `file.not-a-file`, `file.open-failed`, `file.stalled`.
 */
export async function openFileSource(
	{ path }: FileSourceAddress,
	limits: Pick<SourceLimits, "connectTimeoutMs" | "stallTimeoutMs">,
): Promise<Source> {
	const { file, ...size } = await inTime(openAndMeasure(path), limits.connectTimeoutMs, path);
	return readerOf(file, path, size, limits.stallTimeoutMs);
}

/** A source of what is open. */
export function readerOf(
	file: Pick<FileHandle, "read" | "close">,
	path: string,
	size: Pick<Source, "sizeBytes" | "mayBeLonger">,
	stallTimeoutMs: number,
): Source {
	const stall = Promise.withResolvers<never>();
	// Nobody may be reading.
	stall.promise.catch(() => undefined);
	let hasStalled = false;
	const stallWatch = new StallWatch(stallTimeoutMs, () => {
		hasStalled = true;
		stall.reject(stalled(path, stallTimeoutMs));
	});
	const pieces: Uint8Array[] = [];
	let reads = 0;

	async function readFully(offsetBytes: number, target: Uint8Array, onReceived = (_: number) => {}) {
		let filledBytes = 0;
		while (filledBytes < target.length) {
			const position = offsetBytes + filledBytes;
			const piece = pieces.pop() ?? new Uint8Array(pieceBytes);
			const wantedBytes = Math.min(pieceBytes, target.length - filledBytes);
			const reading = untilItAnswers(file.read(piece, 0, wantedBytes, position));
			const { bytesRead } = await Promise.race([reading, stall.promise]).catch((error: unknown) => {
				throw hasStalled ? error : readError(path, position, error);
			});
			if (bytesRead === 0) throw readError(path, position, new Error("the file ends there"));
			target.set(piece.subarray(0, bytesRead), filledBytes);
			pieces.push(piece);
			filledBytes += bytesRead;
			stallWatch.received(bytesRead);
			onReceived(bytesRead);
		}
	}

	return {
		...size,
		// One is being read while those before it are verified.
		wantedReads: () => 2,
		async read(offsetBytes, target, onReceived) {
			if (hasStalled) await stall.promise;
			stallWatch.start();
			reads += 1;
			try {
				await readFully(offsetBytes, target, onReceived);
			} finally {
				reads -= 1;
				if (reads === 0) stallWatch.stop();
			}
		},
		async close() {
			stallWatch.stop();
			// It would wait for the disk.
			if (!hasStalled) await file.close();
		},
	};
}

async function openAndMeasure(
	path: string,
): Promise<{ readonly file: FileHandle } & Pick<Source, "sizeBytes" | "mayBeLonger">> {
	const file = await openForReading(path);
	try {
		return { file, ...(await measure(file, path)) };
	} catch (error) {
		await file.close();
		throw error;
	}
}

/** @throws {NetherdError} `file.stalled` */
async function inTime<T>(work: Promise<T>, timeoutMs: number, path: string): Promise<T> {
	const late = Promise.withResolvers<never>();
	const limit = new SilenceLimit(timeoutMs, () => late.reject(stalled(path, timeoutMs))).start();
	try {
		return await Promise.race([untilItAnswers(work), late.promise]);
	} finally {
		limit.stop();
	}
}

async function openForReading(path: string): Promise<FileHandle> {
	try {
		return await open(path, "r");
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === "ENOENT" || code === "ENOTDIR" || code === "ENXIO") {
			throw new NetherdError("file.not-found", `there is no ${path}`, {
				hint: "check the path in IMAGE_SOURCES; a disk appears only after its driver has found it",
				cause: error,
			});
		}
		throw new NetherdError("file.open-failed", `${path} cannot be opened`, {
			hint: "look at the kernel's messages about that disk",
			cause: error,
		});
	}
}

async function measure(file: FileHandle, path: string): Promise<Pick<Source, "sizeBytes" | "mayBeLonger">> {
	const status = await file.stat();
	if (status.isFile()) return { sizeBytes: status.size };
	// stat(2) tells 0 for a device.
	if (status.isBlockDevice()) return { sizeBytes: await findEnd(file), mayBeLonger: true };
	throw new NetherdError("file.not-a-file", `${path} is neither a file nor a block device`, {
		hint: "name the image file itself, or the disk or partition that holds nothing but the image",
	});
}

/** Where reading stops giving bytes: tries distances that double, then halves what is left. */
export async function findEnd(file: Pick<FileHandle, "read">): Promise<number> {
	const byte = new Uint8Array(1);
	const hasByteAt = async (position: number) => (await file.read(byte, 0, 1, position)).bytesRead === 1;
	let insideBytes = 0;
	let beyondBytes = 512;
	while (await hasByteAt(beyondBytes - 1)) {
		insideBytes = beyondBytes;
		beyondBytes *= 2;
	}
	while (beyondBytes - insideBytes > 1) {
		const middle = Math.floor((insideBytes + beyondBytes) / 2);
		if (await hasByteAt(middle - 1)) insideBytes = middle;
		else beyondBytes = middle;
	}
	return insideBytes;
}

function readError(path: string, position: number, cause: unknown): NetherdError {
	return new NetherdError("file.read-error", `${path} cannot be read at offset ${position}`, {
		hint: "look at the kernel's messages about that disk; it may be failing",
		cause,
	});
}

function stalled(path: string, timeoutMs: number): NetherdError {
	return new NetherdError("file.stalled", `${path} gave nothing, or next to nothing, in ${timeoutMs} ms`, {
		hint: "look at the kernel's messages about that disk, and at its cable; or at the server that the file is on",
	});
}
