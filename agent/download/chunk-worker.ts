/** A received chunk, handed to a worker thread. */
export interface ChunkJob {
	readonly id: number;
	/** Holds the chunk from its first byte on. */
	readonly memory: SharedArrayBuffer;
	readonly lengthBytes: number;
	/** Where the chunk belongs in the file. */
	readonly offsetBytes: number;
	/** Of the whole process: opened by the main thread. */
	readonly fileDescriptor: number;
	/** Hexadecimal; undefined: not verified. */
	readonly sha256: string | undefined;
}

/** What became of it. A chunk with the wrong hash is not written. */
export type ChunkOutcome =
	| { readonly kind: "written" }
	| { readonly kind: "wrong"; readonly actualSha256: string }
	| { readonly kind: "write-failed"; readonly message: string };

/** Takes received chunks to where they belong, while the next ones are received. */
export interface ChunkTaker {
	/**
	 * The memory may be used again when the promise settles.
	 *
	 * @throws {NetherdError} `image.worker-failed` when a thread has ended.
	 */
	run(job: Omit<ChunkJob, "id">): Promise<ChunkOutcome>;
	/** When it resolves, nothing writes into the file any more. */
	close(): Promise<void>;
}

export interface ChunkReply {
	readonly id: number;
	readonly outcome: ChunkOutcome;
}

/**
 * Runs in the worker. Only its text gets there (in a single executable there is no file to start a worker from), so it
 * uses nothing from outside its braces but globals, and has no named function inside: bundlers would wrap that in a
 * helper of theirs.
 */
function serveChunks(): void {
	const { createHash } = process.getBuiltinModule("node:crypto");
	const { writeSync } = process.getBuiltinModule("node:fs");
	const { parentPort } = process.getBuiltinModule("node:worker_threads");

	parentPort?.on("message", ({ id, memory, lengthBytes, offsetBytes, fileDescriptor, sha256 }: ChunkJob) => {
		const chunk = new Uint8Array(memory, 0, lengthBytes);
		const actualSha256 = sha256 === undefined ? undefined : createHash("sha256").update(chunk).digest("hex");
		let outcome: ChunkOutcome = { kind: "written" };
		if (actualSha256 !== undefined && actualSha256 !== sha256) {
			outcome = { kind: "wrong", actualSha256 };
		} else {
			try {
				let written = 0;
				while (written < lengthBytes) {
					const left = lengthBytes - written;
					written += writeSync(fileDescriptor, chunk, written, left, offsetBytes + written);
				}
			} catch (error) {
				outcome = {
					kind: "write-failed",
					message: error instanceof Error ? error.message : String(error),
				};
			}
		}
		parentPort.postMessage({ id, outcome } satisfies ChunkReply);
	});
}

/** For `new Worker(source, {eval: true})`. */
export const chunkWorkerSource = `(${serveChunks})();`;
