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

export interface ChunkReply {
	readonly id: number;
	readonly outcome: ChunkOutcome;
}

/**
 * Runs in the worker. Only its text gets there (in a single executable there is no file to start a worker from), so it
 * uses nothing from outside its braces but globals.
 */
function serveChunks(): void {
	const { createHash } = process.getBuiltinModule("node:crypto");
	const { writeSync } = process.getBuiltinModule("node:fs");
	const { parentPort: port } = process.getBuiltinModule("node:worker_threads");

	port?.on("message", (job: ChunkJob) => {
		port.postMessage({ id: job.id, outcome: verifyAndWrite(job) });
	});

	function verifyAndWrite(job: ChunkJob): ChunkOutcome {
		const chunk = new Uint8Array(job.memory, 0, job.lengthBytes);
		if (job.sha256 !== undefined) {
			const actualSha256 = createHash("sha256").update(chunk).digest("hex");
			if (actualSha256 !== job.sha256) return { kind: "wrong", actualSha256 };
		}
		try {
			let written = 0;
			while (written < chunk.length) {
				written += writeSync(
					job.fileDescriptor,
					chunk,
					written,
					chunk.length - written,
					job.offsetBytes + written,
				);
			}
			return { kind: "written" };
		} catch (error) {
			return { kind: "write-failed", message: error instanceof Error ? error.message : String(error) };
		}
	}
}

/** For `new Worker(source, {eval: true})`. A bundler that keeps names wraps functions in `__name`. */
export const chunkWorkerSource = `const __name = (value) => value;\n(${serveChunks})();`;
