import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { connectFailure } from "../../agent/download/nbd-errors.ts";
import { openNbdSource, probeNbdExport, splitRead } from "../../agent/download/nbd-source.ts";
import type { Source } from "../../agent/download/source.ts";
import { testContent } from "./support/content.ts";
import { startFaultyServer } from "./support/faulty-nbd-server.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";
import { startNbdkit, unusedAddress } from "./support/nbdkit.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const limits = { connectTimeoutMs: 10_000, stallTimeoutMs: 10_000 };
const content = testContent(1_000_003);

test("probe tells what nbdkit says about an export", async () => {
	const server = await startNbdkit(["memory", "1000000001"]);
	expect(await probeNbdExport({ ...server, exportName: "any", timeoutMs: 10_000 })).toEqual({
		sizeBytes: 1_000_000_001,
		readOnly: true,
		canMultiConnection: true,
		minimumBytes: 1,
		preferredBytes: 4096,
		maximumPayloadBytes: 33_554_432,
		structuredReplies: true,
	});
});

test("an export that nbdkit does not have: the error lists those it has", async () => {
	const args = ["exportname-strict=true", "exportname-list=explicit", "exportname=node", "exportname=/node"];
	const server = await startNbdkit(["--filter=exportname", "memory", "1M", ...args]);
	const found = await probeNbdExport({ ...server, exportName: "/node", timeoutMs: 10_000 });
	expect(found.sizeBytes).toBe(1_048_576);
	await expect(probeNbdExport({ ...server, exportName: "nodes", timeoutMs: 10_000 })).rejects.toMatchObject({
		code: "nbd.unknown-export",
		message: expect.stringMatching(/^the NBD server .* has no export "nodes".*; it has "node", "\/node"$/),
	});
});

test("an export list that nbdkit refuses to give", async () => {
	const args = ["exportname-strict=true", "exportname-list=error", "exportname=node"];
	const server = await startNbdkit(["--filter=exportname", "memory", "1M", ...args]);
	await expect(probeNbdExport({ ...server, exportName: "nodes", timeoutMs: 10_000 })).rejects.toMatchObject({
		code: "nbd.unknown-export",
		message: expect.stringContaining("does not tell which it has"),
	});
});

test.each(["close", "silence"] as const)(
	"an unknown export, and %s instead of a list",
	async (unknownExport) => {
		const server = await startFaultyServer(content, () => ({ unknownExport }));
		await expect(probeNbdExport({ ...server, exportName: "nodes", timeoutMs: 1500 })).rejects.toMatchObject({
			code: "nbd.unknown-export",
			message: expect.stringContaining("does not tell which it has"),
		});
	},
);

test("nobody listens", async () => {
	const address = unusedAddress();
	await expect(probeNbdExport({ ...address, exportName: "node", timeoutMs: 10_000 })).rejects.toMatchObject({
		code: "nbd.connection-refused",
		message: `nothing accepts NBD connections on ${address.host}:${address.port}`,
	});
});

test.each([
	["ENOTFOUND", "nbd.unknown-host", 'the name "server.invalid" has no address'],
	["EAI_AGAIN", "nbd.unknown-host", 'the name "server.invalid" has no address'],
	["EHOSTUNREACH", "nbd.unreachable", "no way to the NBD server server.invalid:10809 (EHOSTUNREACH)"],
	["ENETUNREACH", "nbd.unreachable", "no way to the NBD server server.invalid:10809 (ENETUNREACH)"],
	[
		"ECONNRESET",
		"nbd.connection-lost",
		"the NBD server server.invalid:10809 closed the connection while connecting",
	],
])("%s is told as %s", (code, netherdCode, message) => {
	const address = { host: "server.invalid", port: 10809, exportName: "node" };
	const failure = connectFailure(address, Object.assign(new Error(code), { code }));
	expect(failure).toMatchObject({ code: netherdCode, message });
});

test("a server that accepts and says nothing", async () => {
	const server = await startFaultyServer(content, () => ({ stallAfterBytes: 0 }));
	await expect(probeNbdExport({ ...server, exportName: "node", timeoutMs: 200 })).rejects.toMatchObject({
		code: "nbd.handshake-timeout",
		message: `127.0.0.1:${server.port} did not complete the NBD handshake in 200 ms (stopped before it greeted)`,
	});
});

test("a probe that is cancelled ends with the signal's reason", async () => {
	const server = await startFaultyServer(content, () => ({ stallAfterBytes: 0 }));
	const cancel = new AbortController();
	setTimeout(() => cancel.abort(new Error("not wanted")), 50);
	const request = { ...server, exportName: "node", timeoutMs: 10_000, signal: cancel.signal };
	await expect(probeNbdExport(request)).rejects.toThrow("not wanted");
});

test.each([true, false])("any offset and length, structured replies: %s", async (structured) => {
	const server = await startFaultyServer(content, () => ({ structured }));
	const source = await openSource(server, { requestSizeBytes: 10_000 });
	const range = fc.tuple(fc.nat(content.length), fc.nat(60_000));
	await fc.assert(
		fc.asyncProperty(range, ([offset, wanted]) =>
			expectRead(source, offset, Math.min(wanted, content.length - offset)),
		),
		{ numRuns: 100 },
	);
});

test("several reads at once, answered in reverse order", async () => {
	const server = await startFaultyServer(content, () => ({ reverseBatch: 5 }));
	const source = await openSource(server, { requestSizeBytes: 1000, maximumDepth: 5 });
	await Promise.all([0, 2000, 4000, 6000, 8000].map((offset) => expectRead(source, offset, 2000)));
});

test("never more requests in flight than the depth, nor larger ones than the server takes", async () => {
	const server = await startFaultyServer(content, () => ({ answer: () => undefined }));
	const source = await openSource(server, { requestSizeBytes: 1000, maximumDepth: 3 }, 1000);
	await expect(source.read(0, new Uint8Array(100_000))).rejects.toMatchObject({ code: "nbd.stalled" });
	expect(server.reads.map(({ lengthBytes }) => lengthBytes)).toEqual([1000, 1000, 1000]);
});

test("nbdkit wants blocks of 4096 bytes and at most 64 KiB: requests keep to it", async () => {
	const file = join(temporaryFolder(), "image");
	writeFileSync(file, content.subarray(0, 999_424));
	const policy = ["blocksize-minimum=4096", "blocksize-preferred=4096", "blocksize-maximum=65536"];
	const server = await startNbdkit([
		"--filter=blocksize-policy",
		"file",
		file,
		...policy,
		"blocksize-error-policy=error",
	]);
	const source = await openSource(server);
	await expectRead(source, 1, 1);
	await expectRead(source, 4095, 2);
	await expectRead(source, 5000, 200_001);
	await expectRead(source, 999_423, 1);
	await expectRead(source, 0, 999_424);
});

test("splitting: requests cover the range, aligned, no longer than allowed", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(1, 512, 4096),
			fc.integer({ min: 1, max: 16 }),
			fc.nat(200_000),
			fc.nat(200_000),
			(minimumBytes, blocksPerRequest, offset, length) => {
				const sizeBytes = 400_001;
				const geometry = { minimumBytes, requestSizeBytes: minimumBytes * blocksPerRequest, sizeBytes };
				// A byte at a time would only be slow.
				fc.pre(length / geometry.requestSizeBytes < 2000);
				const requests = splitRead(geometry, offset, length);
				let position = requests[0]?.startBytes ?? 0;
				for (const { startBytes, endBytes } of requests) {
					expect(startBytes).toBe(position);
					expect(startBytes % minimumBytes).toBe(0);
					expect(endBytes % minimumBytes === 0 || endBytes === sizeBytes).toBe(true);
					expect(endBytes - startBytes).toBeGreaterThan(0);
					expect(endBytes - startBytes).toBeLessThanOrEqual(geometry.requestSizeBytes);
					position = endBytes;
				}
				if (length === 0) expect(requests).toEqual([]);
				else expect([requests[0]?.startBytes ?? -1, position]).toSatisfy(covers(offset, offset + length));
			},
		),
	);
});

test("offsets beyond 4 GiB", async () => {
	// Every 8 bytes of this export are their own offset: nbdkit-pattern-plugin(1).
	const source = await openSource(await startNbdkit(["pattern", "6G"]));
	const offset = 5 * 1024 ** 3 + 8;
	const memory = Buffer.alloc(8);
	await source.read(offset, memory);
	expect(Number(memory.readBigUInt64BE())).toBe(offset);
});

test("reading beyond the end is a mistake of the caller", async () => {
	const server = await startFaultyServer(content, () => ({}));
	const source = await openSource(server);
	await expect(async () => source.read(content.length, new Uint8Array(1))).rejects.toThrow(RangeError);
});

test("an error reply fails its read; the connection goes on", async () => {
	const server = await startNbdkit(["--filter=error", "memory", "1M", "error-pread-rate=100%", "error=EIO"]);
	const source = await openSource(server);
	const failure = { code: "nbd.read-error", message: expect.stringContaining("answers EIO") };
	await expect(source.read(0, new Uint8Array(10))).rejects.toMatchObject(failure);
	await expect(source.read(5, new Uint8Array(600_000))).rejects.toMatchObject(failure);
});

test("a lost connection fails every read, and those that come later", async () => {
	const server = await startNbdkit(["--filter=delay", "memory", "1M", "delay-read=10"]);
	const source = await openSource(server);
	const reads = [source.read(0, new Uint8Array(10)), source.read(10, new Uint8Array(10))];
	const lost = { code: "nbd.connection-lost" };
	const outcomes = Promise.all(reads.map((read) => expect(read).rejects.toMatchObject(lost)));
	await server.stop();
	await outcomes;
	await expect(source.read(0, new Uint8Array(10))).rejects.toMatchObject(lost);
});

test("closing says goodbye, and fails what waits", async () => {
	let received: Buffer = Buffer.alloc(0);
	const server = createServer((socket) => {
		socket.on("data", (bytes: Buffer) => {
			received = Buffer.concat([received, bytes]);
		});
		socket.write(Buffer.concat([serverMessage.greeting(0), serverMessage.exportName(10), Buffer.alloc(124)]));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => void server.close());
	const address = server.address();
	if (address === null || typeof address === "string") throw new Error("no address");
	const source = await openNbdSource({ host: "127.0.0.1", port: address.port, exportName: "" }, limits);
	await source.close();
	await source.close();
	await expect(source.read(0, new Uint8Array(1))).rejects.toMatchObject({ code: "nbd.connection-lost" });
	const goodbye = Buffer.concat([
		Buffer.from("25609513", "hex"),
		Buffer.from([0, 0, 0, 2]),
		Buffer.alloc(20),
	]);
	await expect.poll(() => received.subarray(-28)).toEqual(goodbye);
});

async function openSource(
	{ host, port }: { host: string; port: number },
	options?: { requestSizeBytes?: number; maximumDepth?: number },
	stallTimeoutMs = limits.stallTimeoutMs,
): Promise<Source> {
	const address = { host, port, exportName: "node" };
	const source = await openNbdSource(
		address,
		{ ...limits, stallTimeoutMs, connections: 1 },
		undefined,
		options,
	);
	onTestFinished(() => source.close());
	return source;
}

/** Reads into the middle of a larger memory, and sees that nothing around it changes. */
async function expectRead(source: Source, offset: number, length: number): Promise<void> {
	const memory = Buffer.alloc(length + 2, 0xa5);
	let receivedBytes = 0;
	await source.read(offset, memory.subarray(1, 1 + length), (bytes) => {
		receivedBytes += bytes;
	});
	const expected = Buffer.alloc(length + 2, 0xa5);
	content.copy(expected, 1, offset, offset + length);
	expect(memory.equals(expected)).toBe(true);
	expect(receivedBytes).toBe(length);
}

function covers(start: number, end: number): (range: number[]) => boolean {
	return ([first = 0, last = 0]) => first <= start && last >= end;
}
