import { write } from "node:fs";
import { promisify } from "node:util";
import type { ChunkJob, ChunkOutcome, ChunkTaker } from "./chunk-worker.ts";

const writeAt = promisify(write);

/**
 * Writes chunks that nobody verifies, in Node's own threads: a worker thread takes 30 ms of processor time to start, a
 * twentieth of what a whole image needs. One after the other: the kernel locks the file for each write.
 */
export class ChunkWriter implements ChunkTaker {
	#last: Promise<unknown> = Promise.resolve();

	run(job: Omit<ChunkJob, "id">): Promise<ChunkOutcome> {
		const outcome = this.#last.then(() => writeChunk(job));
		this.#last = outcome;
		return outcome;
	}

	async close(): Promise<void> {
		await this.#last;
	}
}

/** Never rejects. */
async function writeChunk({
	memory,
	lengthBytes,
	offsetBytes,
	fileDescriptor,
}: Omit<ChunkJob, "id">): Promise<ChunkOutcome> {
	const chunk = new Uint8Array(memory, 0, lengthBytes);
	try {
		let written = 0;
		while (written < lengthBytes) {
			const left = lengthBytes - written;
			const { bytesWritten } = await writeAt(fileDescriptor, chunk, written, left, offsetBytes + written);
			written += bytesWritten;
		}
		return { kind: "written" };
	} catch (error) {
		return { kind: "write-failed", message: error instanceof Error ? error.message : String(error) };
	}
}
