import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ChunkWriter } from "../../agent/download/chunk-writer.ts";
import { testContent } from "./support/content.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const content = testContent(1_000_000);
const chunkBytes = 100_000;

test("chunks are written at their offsets, in whatever order they come; the end waits for them", async () => {
	const { file, fileDescriptor } = openFile("w+");
	const writer = new ChunkWriter();
	const outcomes = [7, 0, 9, 1, 8, 2, 3, 6, 5, 4].map((index) =>
		writer.run(job(fileDescriptor, index * chunkBytes)),
	);
	await writer.close();
	expect(readFileSync(file).equals(content)).toBe(true);
	expect(await Promise.all(outcomes)).toEqual(Array(10).fill({ kind: "written" }));
});

test("a file that cannot be written", async () => {
	const { fileDescriptor } = openFile("r");
	const writer = new ChunkWriter();
	const failure = { kind: "write-failed", message: "EBADF: bad file descriptor, write" };
	expect(await writer.run(job(fileDescriptor, 0))).toEqual(failure);
	expect(await writer.run(job(fileDescriptor, chunkBytes))).toEqual(failure);
	await writer.close();
});

function job(fileDescriptor: number, offsetBytes: number) {
	const memory = new SharedArrayBuffer(chunkBytes + 50);
	new Uint8Array(memory).set(content.subarray(offsetBytes, offsetBytes + chunkBytes));
	return { memory, lengthBytes: chunkBytes, offsetBytes, fileDescriptor, sha256: undefined };
}

function openFile(flags: string) {
	const file = join(temporaryFolder(), "image");
	closeSync(openSync(file, "w"));
	const fileDescriptor = openSync(file, flags);
	onTestFinished(() => closeSync(fileDescriptor));
	return { file, fileDescriptor };
}
