import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { ImageFileDescription } from "./manifest.ts";

/**
 * Size, whole hash and chunk hashes of a file, read once from start to end with one buffer of a chunk's size.
 *
 * @param path A regular file.
 * @throws The error of node:fs when the file cannot be read.
 */
export async function describeImageFile(path: string, chunkSizeBytes: number): Promise<ImageFileDescription> {
	const file = await open(path, "r");
	try {
		const buffer = Buffer.allocUnsafe(chunkSizeBytes);
		const whole = createHash("sha256");
		const chunks: string[] = [];
		let sizeBytes = 0;
		for (;;) {
			const chunk = await readFully(file, buffer);
			if (chunk.length === 0) break;
			sizeBytes += chunk.length;
			whole.update(chunk);
			chunks.push(createHash("sha256").update(chunk).digest("hex"));
		}
		return { sizeBytes, sha256: whole.digest("hex"), chunkSizeBytes, chunks };
	} finally {
		await file.close();
	}
}

/** Fills the buffer from the file's position; shorter only at the end of the file. */
async function readFully(file: Awaited<ReturnType<typeof open>>, buffer: Buffer): Promise<Buffer> {
	let filledBytes = 0;
	while (filledBytes < buffer.length) {
		const { bytesRead } = await file.read(buffer, filledBytes, buffer.length - filledBytes, null);
		if (bytesRead === 0) break;
		filledBytes += bytesRead;
	}
	return buffer.subarray(0, filledBytes);
}
