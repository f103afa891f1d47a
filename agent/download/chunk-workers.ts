import { Worker } from "node:worker_threads";
import { NetherdError } from "../errors.ts";
import {
	type ChunkJob,
	type ChunkOutcome,
	type ChunkReply,
	type ChunkTaker,
	chunkWorkerSource,
} from "./chunk-worker.ts";

/** Worker threads that verify and write chunks while the main thread receives. */
export class ChunkWorkers implements ChunkTaker {
	readonly #workers: { readonly thread: Worker; readonly jobs: Set<number> }[] = [];
	readonly #waiting = new Map<number, PromiseWithResolvers<ChunkOutcome>>();
	#lastId = 0;
	#failure: NetherdError | undefined;

	constructor(count: number) {
		for (let started = 0; started < count; started++) {
			// Node options and preloads of the main thread are nothing for these.
			const thread = new Worker(chunkWorkerSource, {
				eval: true,
				execArgv: [],
				name: "netherd-chunks",
				resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
			});
			const worker = { thread, jobs: new Set<number>() };
			thread.on("message", ({ id, outcome }: ChunkReply) => {
				worker.jobs.delete(id);
				this.#waiting.get(id)?.resolve(outcome);
				this.#waiting.delete(id);
			});
			thread.on("error", (error) => this.#fail(error));
			thread.on("exit", () => this.#fail(undefined));
			this.#workers.push(worker);
		}
	}

	run(job: Omit<ChunkJob, "id">): Promise<ChunkOutcome> {
		const worker = this.#workers.reduce((least, other) =>
			other.jobs.size < least.jobs.size ? other : least,
		);
		const id = ++this.#lastId;
		const settled = Promise.withResolvers<ChunkOutcome>();
		if (this.#failure !== undefined) {
			settled.reject(this.#failure);
			return settled.promise;
		}
		worker.jobs.add(id);
		this.#waiting.set(id, settled);
		worker.thread.postMessage({ ...job, id } satisfies ChunkJob);
		return settled.promise;
	}

	/** Ends the threads; unfinished jobs fail. */
	async close(): Promise<void> {
		await Promise.all(this.#workers.map(({ thread }) => thread.terminate()));
	}

	#fail(cause: unknown): void {
		this.#failure ??= new NetherdError("image.worker-failed", "a thread that verifies the image has ended", {
			hint: "look at the memory of this machine; report this with the log if there is enough",
			cause,
		});
		for (const { reject } of this.#waiting.values()) reject(this.#failure);
		this.#waiting.clear();
	}
}
