import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import type { ChunkJob } from "../../agent/download/chunk-worker.ts";
import { ChunkWorkers } from "../../agent/download/chunk-workers.ts";
import { testContent } from "./support/content.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const content = testContent(100_000);
const sha256 = createHash("sha256").update(content).digest("hex");

test("a right chunk is written at its offset", async () => {
	const { workers, file, job } = start();
	expect(await workers.run(job)).toEqual({ kind: "written" });
	expect(readFileSync(file).equals(Buffer.concat([Buffer.alloc(5000), content]))).toBe(true);
});

test("a chunk without hash is written as it is", async () => {
	const { workers, file, job } = start();
	expect(await workers.run({ ...job, sha256: undefined })).toEqual({ kind: "written" });
	expect(readFileSync(file).subarray(5000).equals(content)).toBe(true);
});

test("a wrong chunk is not written, and its hash is told", async () => {
	const { workers, file, job } = start();
	const outcome = await workers.run({ ...job, sha256: "0".repeat(64) });
	expect(outcome).toEqual({ kind: "wrong", actualSha256: sha256 });
	expect(readFileSync(file)).toHaveLength(0);
});

test("a file that cannot be written", async () => {
	const { workers, job } = start("r");
	expect(await workers.run(job)).toEqual({
		kind: "write-failed",
		message: "EBADF: bad file descriptor, write",
	});
});

test("after the end every job fails", async () => {
	const { workers, job } = start();
	const unfinished = expect(workers.run(job)).rejects.toMatchObject({ code: "image.worker-failed" });
	await workers.close();
	await unfinished;
	await expect(workers.run(job)).rejects.toMatchObject({ code: "image.worker-failed" });
});

test.each([
	{ minify: false, keepNames: false },
	{ minify: true, keepNames: false },
	{ minify: true, keepNames: true },
	{ minify: false, keepNames: true },
])("the worker's text survives a bundler: %j", async (options) => {
	const outfile = join(temporaryFolder(), "bundle.mjs");
	const entryPoint = join(import.meta.dirname, "../../agent/download/chunk-worker.ts");
	await build({
		entryPoints: [entryPoint],
		outfile,
		bundle: true,
		platform: "node",
		format: "esm",
		...options,
	});
	const { chunkWorkerSource } = await import(outfile);
	const worker = new Worker(chunkWorkerSource, { eval: true });
	onTestFinished(async () => {
		await worker.terminate();
	});
	const { file, job } = start();
	const reply = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
	worker.postMessage({ ...job, id: 7 } satisfies ChunkJob);
	expect(await reply).toEqual({ id: 7, outcome: { kind: "written" } });
	expect(readFileSync(file).subarray(5000).equals(content)).toBe(true);
});

function start(flags: "w+" | "r" = "w+") {
	const file = join(temporaryFolder(), "image");
	closeSync(openSync(file, "w"));
	const fileDescriptor = openSync(file, flags);
	const workers = new ChunkWorkers(2);
	onTestFinished(async () => {
		await workers.close();
		closeSync(fileDescriptor);
	});
	const memory = new SharedArrayBuffer(content.length + 10);
	new Uint8Array(memory).set(content);
	const job = { memory, lengthBytes: content.length, offsetBytes: 5000, fileDescriptor, sha256 };
	return { workers, file, job };
}
