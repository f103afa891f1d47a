import { type FileHandle, open } from "node:fs/promises";
import { NetherdError } from "../errors.ts";
import type { Source } from "./source.ts";
import type { FileSourceAddress } from "./source-address.ts";

/**
 * Opens a regular file or a block device.
 *
 * @throws {NetherdError} `file.not-found`, `file.not-a-file`, `file.open-failed`.
 */
export async function openFileSource({ path }: FileSourceAddress): Promise<Source> {
	const file = await openForReading(path);
	let size: Pick<Source, "sizeBytes" | "mayBeLonger">;
	try {
		size = await measure(file, path);
	} catch (error) {
		await file.close();
		throw error;
	}
	return {
		...size,
		// One is being read while those before it are verified.
		wantedReads: () => 2,
		read: (offsetBytes, target, onReceived) => readFully({ file, path }, offsetBytes, target, onReceived),
		close: () => file.close(),
	};
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

async function readFully(
	{ file, path }: { readonly file: FileHandle; readonly path: string },
	offsetBytes: number,
	target: Uint8Array,
	onReceived: (bytes: number) => void = () => {},
): Promise<void> {
	let filledBytes = 0;
	while (filledBytes < target.length) {
		const position = offsetBytes + filledBytes;
		const { bytesRead } = await file
			.read(target, filledBytes, target.length - filledBytes, position)
			.catch((error: unknown) => {
				throw readError(path, position, error);
			});
		if (bytesRead === 0) throw readError(path, position, new Error("the file ends there"));
		filledBytes += bytesRead;
		onReceived(bytesRead);
	}
}

function readError(path: string, position: number, cause: unknown): NetherdError {
	return new NetherdError("file.read-error", `${path} cannot be read at offset ${position}`, {
		hint: "look at the kernel's messages about that disk; it may be failing",
		cause,
	});
}
