import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FetchImageResult, fetchImage } from "../../agent/download/fetch-image.ts";
import { NetherdError } from "../../agent/errors.ts";
import { linesInto } from "./support/console.ts";
import { hashChunks, testContent } from "./support/content.ts";
import { type Behaviour, handshakeBytes, startFaultyServer } from "./support/faulty-nbd-server.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";
import { type CleanUp, temporaryFolder } from "./support/temporary-folder.ts";

const chunkSizeBytes = 65_536;
const content = testContent(10 * chunkSizeBytes + 1);
const chunks = hashChunks(content, chunkSizeBytes);
const secondReply = handshakeBytes + 16 + chunkSizeBytes;

describe("a fault once: the image is complete and correct", () => {
	const once: [name: string, fault: Behaviour, failures: number, wrongChunks: number][] = [
		["cut before the greeting", { cutAfterBytes: 0 }, 1, 0],
		["cut in the greeting", { cutAfterBytes: 9 }, 1, 0],
		["cut after the greeting", { cutAfterBytes: 18 }, 1, 0],
		["cut in the first option reply", { cutAfterBytes: 30 }, 1, 0],
		["cut in the export's information", { cutAfterBytes: 60 }, 1, 0],
		["cut before the last option reply", { cutAfterBytes: handshakeBytes - 20 }, 1, 0],
		["cut after the handshake", { cutAfterBytes: handshakeBytes }, 1, 0],
		["cut in a reply's header", { cutAfterBytes: secondReply + 5 }, 1, 0],
		["cut in a chunk", { cutAfterBytes: secondReply + 1000 }, 1, 0],
		["cut in the last chunk", { cutAfterBytes: secondReply + 9 * (16 + chunkSizeBytes) + 16 }, 1, 0],
		["stall in the greeting", { stallAfterBytes: 9 }, 1, 0],
		["stall in the negotiation", { stallAfterBytes: 60 }, 1, 0],
		["stall before a reply", { stallAfterBytes: secondReply }, 1, 0],
		["stall in a chunk", { stallAfterBytes: secondReply + 1000 }, 1, 0],
		["bit flip in a chunk", { flipBitAt: secondReply + 1000 }, 0, 1],
		["bit flip in a reply's magic", { flipBitAt: secondReply }, 1, 0],
		["bit flip in a reply's handle", { flipBitAt: secondReply + 8 }, 1, 0],
		["error reply", { answer: (request) => serverMessage.simpleReply(request.handle, 12) }, 1, 0],
		["shutting down", { answer: (request) => serverMessage.simpleReply(request.handle, 108) }, 1, 0],
		["wrong handle", { answer: () => serverMessage.simpleReply(Buffer.alloc(8, 7), 0) }, 1, 0],
		["data of another chunk", { answer: confused() }, 0, 4],
		["a byte too much in a reply", { answer: padded }, 1, 0],
		["garbage for a reply", { answer: () => Buffer.from("<html>503 Service Unavailable</html>") }, 1, 0],
		["overlapping structured chunks", { structured: true, answer: overlapping }, 1, 0],
		["structured reply with a gap", { structured: true, answer: gapped }, 1, 0],
		["structured error", { structured: true, answer: structuredError }, 1, 0],
	];
	test.concurrent.for(once)(
		"%s",
		async ([, fault, sourceFailures, wrongChunks], { expect, onTestFinished }) => {
			const { result, bytes } = await download(onTestFinished, (connection) =>
				connection === 0 ? fault : {},
			);
			expect(bytes.equals(content)).toBe(true);
			expect(result.sourceFailures).toBe(sourceFailures);
			// The rest of the chunks may be received rightly, depending on the moment.
			expect(result.wrongChunks > 0).toBe(wrongChunks > 0);
		},
	);

	test("a cut after every byte of the handshake", async () => {
		const cut = async (cutAfterBytes: number) => {
			const { bytes } = await download(onTestFinished, (connection) =>
				connection === 0 ? { cutAfterBytes } : {},
			);
			expect(bytes.equals(content)).toBe(true);
		};
		for (let start = 0; start <= handshakeBytes; start += 10) {
			await Promise.all(Array.from({ length: 10 }, (_, index) => cut(start + index)));
		}
	});
});

describe("a server that is odd but right", () => {
	const odd: [string, Behaviour][] = [
		["structured replies", { structured: true }],
		["structured replies in pieces, last one first", { structured: true, answer: inPieces }],
		["replies in reverse order", { reverseBatch: 3 }],
		["no NBD_OPT_GO", { withoutGo: true }],
		["slowly, but never silent for long", { trickle: { bytes: 50_000, everyMs: 200 } }],
	];
	test.each(odd)("%s", async (_, behaviour) => {
		const { result, bytes } = await download(onTestFinished, () => behaviour);
		expect(bytes.equals(content)).toBe(true);
		expect(result).toMatchObject({ sourceFailures: 0, wrongChunks: 0 });
	});
});

describe("a fault for ever: an error by name within the limit", () => {
	const forEver: [name: string, fault: Behaviour, code: string, cause: string | undefined][] = [
		[
			"HTTP answer",
			{ sayInstead: { text: "HTTP/1.1 400 Bad Request\r\n\r\n", close: true } },
			"nbd.not-nbd",
			undefined,
		],
		[
			"a greeting of ssh, then silence",
			{ sayInstead: { text: "SSH-2.0-OpenSSH_9.2", close: false } },
			"nbd.not-nbd",
			undefined,
		],
		["truncated export", { sizeBytes: content.length - 1 }, "image.size-mismatch", undefined],
		["empty export", { sizeBytes: 0 }, "image.size-mismatch", undefined],
		["export of 2⁵³ bytes", { sizeBytes: 2 ** 53 }, "nbd.protocol-violation", undefined],
		[
			"error replies",
			{ answer: (request) => serverMessage.simpleReply(request.handle, 5) },
			"nbd.read-error",
			undefined,
		],
		[
			"wrong handles",
			{ answer: () => serverMessage.simpleReply(Buffer.alloc(8, 7), 0) },
			"nbd.protocol-violation",
			undefined,
		],
		["bit flips in every chunk", { answer: flipped }, "image.chunk-corrupt", undefined],
		["closed at once", { cutAfterBytes: 0 }, "image.total-timeout", "nbd.connection-lost"],
		[
			"cut in every first chunk",
			{ cutAfterBytes: handshakeBytes + 100 },
			"image.total-timeout",
			"nbd.connection-lost",
		],
		["silence", { stallAfterBytes: 0 }, "image.total-timeout", "nbd.handshake-timeout"],
		[
			"silence after the handshake",
			{ stallAfterBytes: handshakeBytes },
			"image.total-timeout",
			"nbd.stalled",
		],
		["one byte at a time", { trickle: { bytes: 1, everyMs: 50 } }, "image.total-timeout", "nbd.stalled"],
	];
	test.concurrent.for(forEver)("%s", async ([, fault, code, cause], { expect, onTestFinished }) => {
		// Those that only the limit ends should not take long, but for several attempts.
		const isForEver = code === "image.total-timeout";
		const limits = isForEver ? { totalTimeoutMs: 8000, patienceMs: 1000 } : {};
		const error = await download(onTestFinished, () => fault, limits).then(
			() => undefined,
			(reason: unknown) => reason,
		);
		expect(error).toBeInstanceOf(NetherdError);
		expect(error).toMatchObject({ code, ...(cause === undefined ? {} : { cause: { code: cause } }) });
	});
});

test("a bit flip is repaired by fetching that chunk alone again", async () => {
	const server = await startFaultyServer(content, () => ({ flipBitAt: secondReply + 16 + 7 }));
	const destination = join(temporaryFolder(), "image");
	const source = { kind: "nbd" as const, host: server.host, port: server.port, exportName: "node" };
	const image = { sizeBytes: content.length, chunkSizeBytes, chunks, connections: 1 };
	const lines: string[] = [];
	await fetchImage({ sources: [source], destination, ...image, onEvent: linesInto(lines) });
	expect(readFileSync(destination).equals(content)).toBe(true);
	expect(server.connections()).toBe(1);
	expect(server.reads.map(({ offsetBytes }) => offsetBytes / chunkSizeBytes).sort((a, b) => a - b)).toEqual([
		0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	]);
	expect(lines.find((line) => !line.startsWith("image: from"))).toMatch(
		/^image: chunk 1 \(65536 bytes at offset 65536\) .* is wrong: .*; fetching it again$/,
	);
});

test("failures with progress in between are never too many", async () => {
	const broken = { flipBitAt: secondReply };
	const { result, bytes } = await download(onTestFinished, (connection) => (connection < 7 ? broken : {}));
	expect(bytes.equals(content)).toBe(true);
	expect(result.sourceFailures).toBe(7);
});

test("memory of broken reads is used again: two buffers of 9 MiB are all there is", async () => {
	const largeChunk = 9 * 1024 * 1024;
	const large = Buffer.alloc(3 * largeChunk, content);
	const behave = (connection: number) =>
		connection < 2 ? { cutAfterBytes: handshakeBytes + 1_000_000 } : {};
	const server = await startFaultyServer(large, behave);
	const destination = join(temporaryFolder(), "image");
	const result = await fetchImage({
		sources: [{ kind: "nbd", host: server.host, port: server.port, exportName: "node" }],
		connections: 1,
		destination,
		sizeBytes: large.length,
		chunkSizeBytes: largeChunk,
		chunks: hashChunks(large, largeChunk),
		totalTimeoutMs: 120_000,
	});
	expect(result.sourceFailures).toBe(2);
	expect(readFileSync(destination).equals(large)).toBe(true);
});

test("what fails verification is never written", async () => {
	const server = await startFaultyServer(content, () => ({ answer: flipped }));
	const destination = join(temporaryFolder(), "image");
	const source = { kind: "nbd" as const, host: server.host, port: server.port, exportName: "node" };
	const image = { sizeBytes: content.length, chunkSizeBytes, chunks };
	await expect(fetchImage({ sources: [source], destination, ...image })).rejects.toThrow(NetherdError);
	expect(readFileSync(destination).equals(Buffer.alloc(content.length))).toBe(true);
});

async function download(
	cleanUp: CleanUp,
	behave: (connection: number) => Behaviour,
	/** Patience: for connecting and for silence; no good server is slower, however busy this machine is. */
	{ totalTimeoutMs = 120_000, patienceMs = 4000 } = {},
): Promise<{ result: FetchImageResult; bytes: Buffer }> {
	const server = await startFaultyServer(content, behave, cleanUp);
	const destination = join(temporaryFolder(cleanUp), "image");
	const result = await fetchImage({
		sources: [{ kind: "nbd", host: server.host, port: server.port, exportName: "node" }],
		connections: 1,
		destination,
		sizeBytes: content.length,
		chunkSizeBytes,
		chunks,
		connectTimeoutMs: patienceMs,
		stallTimeoutMs: patienceMs,
		totalTimeoutMs,
	});
	return { result, bytes: readFileSync(destination) };
}

type Answer = NonNullable<Behaviour["answer"]>;
type Request = Parameters<Answer>[0];

function dataOf({ offsetBytes, lengthBytes }: Request, image: Buffer): Buffer {
	return image.subarray(offsetBytes, offsetBytes + lengthBytes);
}

function flipped(request: Request, image: Buffer): Buffer {
	const data = Buffer.from(dataOf(request, image));
	data.writeUInt8(data.readUInt8(0) ^ 0x80, 0);
	return serverMessage.simpleReply(request.handle, 0, data);
}

/** The chunk before, with the right handle; five times. */
function confused(): Answer {
	let times = 0;
	return (request, image) => {
		times += 1;
		const offsetBytes = times > 5 ? request.offsetBytes : Math.max(0, request.offsetBytes - chunkSizeBytes);
		return serverMessage.simpleReply(request.handle, 0, dataOf({ ...request, offsetBytes }, image));
	};
}

function padded(request: Request, image: Buffer): Buffer {
	return Buffer.concat([
		serverMessage.simpleReply(request.handle, 0, dataOf(request, image)),
		Buffer.alloc(1),
	]);
}

function overlapping({ handle, offsetBytes, ...request }: Request, image: Buffer): Buffer {
	const data = dataOf({ handle, offsetBytes, ...request }, image);
	const half = data.length >> 1;
	return Buffer.concat([
		serverMessage.dataChunk(handle, offsetBytes, data.subarray(0, half + 1), false),
		serverMessage.dataChunk(handle, offsetBytes + half, data.subarray(half), true),
	]);
}

function gapped({ handle, offsetBytes, ...request }: Request, image: Buffer): Buffer {
	const data = dataOf({ handle, offsetBytes, ...request }, image);
	return serverMessage.dataChunk(handle, offsetBytes, data.subarray(0, data.length - 1), true);
}

function structuredError({ handle }: Request): Buffer {
	return serverMessage.errorChunk(handle, 5, "bad sector", true);
}

/** Back to front, in pieces of 7000 bytes, with an empty last chunk. */
function inPieces({ handle, offsetBytes, ...request }: Request, image: Buffer): Buffer {
	const data = dataOf({ handle, offsetBytes, ...request }, image);
	const pieces: Buffer[] = [];
	for (let start = 0; start < data.length; start += 7000) {
		const piece = data.subarray(start, start + 7000);
		pieces.push(serverMessage.dataChunk(handle, offsetBytes + start, piece, false));
	}
	return Buffer.concat([...pieces.reverse(), serverMessage.done(handle)]);
}
