import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fetchImage } from "../../agent/download/fetch-image.ts";
import { findEnd, openFileSource, readerOf } from "../../agent/download/file-source.ts";
import { natureOf } from "../../agent/download/source-failure.ts";
import { waitsForKernel } from "../../agent/download/unanswered.ts";
import { NetherdError } from "../../agent/errors.ts";
import { hashChunks, testContent } from "./support/content.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const chunkSizeBytes = 65_536;
const limits = { connectTimeoutMs: 10_000, stallTimeoutMs: 10_000 };

test.each([0, 1, 65_535, 65_537, 1_000_003])("an image of %i bytes from a file", async (sizeBytes) => {
	const content = testContent(sizeBytes);
	const path = fileWith(content);
	const destination = join(temporaryFolder(), "image");
	const chunks = hashChunks(content, chunkSizeBytes);
	await fetchImage({ sources: [{ kind: "file", path }], destination, sizeBytes, chunkSizeBytes, chunks });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

async function blockDeviceWith(content: Buffer): Promise<string> {
	const { stdout: path } = await execa("losetup", ["--find", "--show", "--read-only", fileWith(content)]);
	onTestFinished(async () => {
		await execa("losetup", ["--detach", path]);
	});
	return path;
}

test("a disk may be larger than the image at its start, but not smaller", async () => {
	const content = testContent(300_000);
	const path = await blockDeviceWith(Buffer.concat([content, testContent(1024 * 1024 - content.length)]));
	const destination = join(temporaryFolder(), "image");
	const fetching = (image: Buffer) =>
		fetchImage({
			sources: [{ kind: "file", path }],
			destination,
			sizeBytes: image.length,
			chunkSizeBytes,
			chunks: hashChunks(image, chunkSizeBytes),
		});
	await fetching(content);
	expect(readFileSync(destination).equals(content)).toBe(true);
	await expect(fetching(testContent(1024 * 1024 + 1))).rejects.toMatchObject({ code: "image.size-mismatch" });
});

test("an image from a block device, whose size stat does not tell", async () => {
	const content = testContent(3 * 1024 * 1024 + 512);
	const path = await blockDeviceWith(content);
	const destination = join(temporaryFolder(), "image");
	const chunks = hashChunks(content, chunkSizeBytes);
	const image = { sizeBytes: content.length, chunkSizeBytes, chunks };
	await fetchImage({ sources: [{ kind: "file", path }], destination, ...image });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("the end is found wherever it is", async () => {
	await fc.assert(
		fc.asyncProperty(fc.oneof(fc.nat(5000), fc.nat(2 ** 50)), async (sizeBytes) => {
			const read = async (_: unknown, __: number, ___: number, position: number) => ({
				bytesRead: position < sizeBytes ? 1 : 0,
			});
			// Nothing but its reading is used.
			expect(await findEnd({ read } as unknown as Parameters<typeof findEnd>[0])).toBe(sizeBytes);
		}),
	);
});

test("nothing there, and a folder there", async () => {
	const path = join(temporaryFolder(), randomUUID());
	await expect(openFileSource({ kind: "file", path }, limits)).rejects.toMatchObject({
		code: "file.not-found",
		message: `there is no ${path}`,
	});
	mkdirSync(path);
	await expect(openFileSource({ kind: "file", path }, limits)).rejects.toMatchObject({
		code: "file.not-a-file",
	});
});

test("a file that becomes shorter refuses the reads beyond its end, and gives the others", async () => {
	const content = testContent(100_000);
	const path = fileWith(content);
	const source = await openFileSource({ kind: "file", path }, limits);
	onTestFinished(() => source.close());
	truncateSync(path, 50_000);
	await expect(source.read(40_000, new Uint8Array(20_000))).rejects.toMatchObject({
		code: "file.read-error",
		message: `${path} cannot be read at offset 50000`,
	});
	const target = Buffer.alloc(10_000);
	let receivedBytes = 0;
	await source.read(40_000, target, (bytes) => {
		receivedBytes += bytes;
	});
	expect(target.equals(content.subarray(40_000, 50_000))).toBe(true);
	expect(receivedBytes).toBe(10_000);
});

describe("a disk that does not answer any more", () => {
	/** Answers the first reads, and no other. */
	function dyingDisk(content: Buffer, answeredReads: number) {
		let left = answeredReads;
		const late: (() => void)[] = [];
		const read = async (target: Uint8Array, start: number, length: number, position: number) => {
			const answer = () => ({ bytesRead: content.copy(target, start, position, position + length) });
			if (left-- > 0) return answer();
			return await new Promise((resolve) => late.push(() => resolve(answer())));
		};
		const file = { read, close: () => new Promise(() => {}) };
		return { file: file as unknown as Parameters<typeof readerOf>[0], late };
	}

	test("its reads fail, by name, and what it gives later lands nowhere", async () => {
		const content = testContent(1_000_000);
		const { file, late } = dyingDisk(content, 2);
		const source = readerOf(file, "/dev/sdx", { sizeBytes: content.length }, 200);
		const target = Buffer.alloc(content.length);
		const failure = { code: "file.stalled", message: expect.stringContaining("/dev/sdx") };
		await expect(source.read(0, target)).rejects.toMatchObject(failure);
		const before = Buffer.from(target);
		expect(waitsForKernel()).toBe(true);
		await expect(source.read(0, Buffer.alloc(1))).rejects.toMatchObject(failure);
		expect(late.length).toBe(1);
		await source.close();
		for (const answer of late) answer();
		await vi.waitUntil(() => !waitsForKernel(), { timeout: 60_000 });
		expect(target.equals(before)).toBe(true);
	});

	test("a program ends all the same", async () => {
		const script = join(import.meta.dirname, "support/end-while-waiting.ts");
		const fifo = join(temporaryFolder(), "fifo");
		await execa("mkfifo", [fifo]);
		const { exitCode } = await execa(process.execPath, [script, fifo], { reject: false });
		expect(exitCode).toBe(7);
	});

	test("it is not tried again: another source takes over", () => {
		expect(natureOf(new NetherdError("file.stalled", "nothing came", { hint: "none" }))).toBe("permanent");
	});
});

function fileWith(content: Buffer): string {
	const path = join(temporaryFolder(), "served");
	writeFileSync(path, content);
	return path;
}
