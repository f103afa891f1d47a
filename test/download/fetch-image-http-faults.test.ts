import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FetchImageResult, fetchImage } from "../../agent/download/fetch-image.ts";
import type { SourceAddress } from "../../agent/download/source-address.ts";
import { NetherdError } from "../../agent/errors.ts";
import { hashChunks, testContent } from "./support/content.ts";
import {
	chunkedReply,
	type HttpBehaviour,
	type ReceivedRequest,
	reply,
	rightReply,
	startFaultyHttpServer,
} from "./support/faulty-http-server.ts";
import { startFaultyServer } from "./support/faulty-nbd-server.ts";
import {
	after,
	asHttp10,
	brokenChunked,
	floodOfLines,
	htmlPage,
	liar,
	lyingTwice,
	padded,
	replacedAfter,
	shiftedRange,
	shrunkAfter,
	tooLongChunked,
	wholeFile,
	withFields,
	withHints,
	withLength,
	withLineFeeds,
	withoutSize,
} from "./support/http-answers.ts";
import { type CleanUp, temporaryFolder } from "./support/temporary-folder.ts";

const chunkSizeBytes = 65_536;
const content = testContent(10 * chunkSizeBytes + 4711);
const chunks = hashChunks(content, chunkSizeBytes);
const image = { sizeBytes: content.length, chunkSizeBytes, chunks };

/** Length of the first reply (its body is one byte), and of the head of the one after. */
const firstReplyBytes = rightReply({ path: "/", firstByte: 0, lastByte: 0 }, content).length;
const secondHeadBytes =
	rightReply({ path: "/", firstByte: 0, lastByte: chunkSizeBytes - 1 }, content).length - chunkSizeBytes;
const inFirstChunk = firstReplyBytes + secondHeadBytes + 1000;

describe("a fault on the first connection, then a good one: the image is complete and right", () => {
	const once: [name: string, fault: HttpBehaviour, sourceFailures: number, wrongChunks: number][] = [
		["closed at once", { cutAfterBytes: 0 }, 1, 0],
		["cut in the first reply's head", { cutAfterBytes: 20 }, 1, 0],
		["cut between head and body", { cutAfterBytes: firstReplyBytes - 1 }, 1, 0],
		["cut in a chunk", { cutAfterBytes: inFirstChunk }, 1, 0],
		["stall before the first reply", { stallAfterBytes: 0 }, 1, 0],
		["stall in the first reply", { stallAfterBytes: 20 }, 1, 0],
		["stall before a reply", { stallAfterBytes: firstReplyBytes }, 1, 0],
		["stall in a chunk", { stallAfterBytes: inFirstChunk }, 1, 0],
		["slow-loris in a reply's head", { trickle: { bytes: 1, everyMs: 100, afterBytes: 20 } }, 1, 0],
		[
			"slow-loris in a chunk, a byte a second",
			{ trickle: { bytes: 1, everyMs: 1000, afterBytes: inFirstChunk } },
			1,
			0,
		],
		["bit flip in a chunk", { flipBitAt: inFirstChunk }, 0, 1],
		["bit flip in a reply's first line", { flipBitAt: firstReplyBytes + 2 }, 1, 0],
		[
			"503 with Retry-After",
			{ answer: () => reply("503 Service Unavailable", { "Retry-After": "1" }) },
			1,
			0,
		],
		["503 after the first chunks", { answer: after(4, () => reply("503 Service Unavailable")) }, 1, 0],
		[
			"502 from a proxy",
			{ answer: () => reply("502 Bad Gateway", { "Content-Type": "text/html" }, "<p>") },
			1,
			0,
		],
		["404 for a moment, in the middle", { answer: after(4, () => reply("500 Oops")) }, 1, 0],
		["garbage instead of a reply", { answer: after(3, () => Buffer.from("<html>503</html>\r\n\r\n")) }, 1, 0],
		["a byte too much in a body", { answer: after(3, padded) }, 1, 0],
		["Content-Length longer than the body", { answer: after(3, withLength(+1)) }, 1, 0],
		["Content-Length shorter than the body", { answer: after(3, withLength(-1)) }, 1, 0],
		[
			"Content-Length that is no number",
			{ answer: after(3, withFields({ "Content-Length": "many" })) },
			1,
			0,
		],
		["Content-Range of other bytes", { answer: after(3, shiftedRange) }, 1, 0],
		["compressed", { answer: after(3, withFields({ "Content-Encoding": "gzip" })) }, 1, 0],
		["parts in one body", { answer: after(3, withFields({ "Content-Type": "multipart/byteranges" })) }, 1, 0],
		["no Content-Range", { answer: after(3, withFields({ "Content-Range": undefined })) }, 1, 0],
		["endless header", { answer: after(3, () => reply("206 x", { "X-Flood": "x".repeat(50_000) })) }, 1, 0],
		["a thousand header lines", { answer: after(3, floodOfLines) }, 1, 0],
		[
			"100 Continue for ever",
			{ answer: after(3, () => Buffer.from("HTTP/1.1 100 x\r\n\r\n".repeat(50))) },
			1,
			0,
		],
		["a chunked body that is too long", { answer: after(3, tooLongChunked) }, 1, 0],
		["a chunk size that is no number", { answer: after(3, brokenChunked) }, 1, 0],
		["data of another chunk under the right range", { answer: lyingTwice() }, 0, 1],
	];
	test.concurrent.for(once)(
		"%s",
		async ([, fault, sourceFailures, wrongChunks], { expect, onTestFinished }) => {
			const { result, bytes } = await download(onTestFinished, (connection) =>
				connection === 0 ? fault : {},
			);
			expect(bytes.equals(content)).toBe(true);
			expect(result.sourceFailures > 0).toBe(sourceFailures > 0);
			expect(result.wrongChunks > 0).toBe(wrongChunks > 0);
		},
	);

	test("a cut after every seventh byte of the first two heads", async () => {
		const end = firstReplyBytes + secondHeadBytes + 1;
		const cuts = Array.from({ length: Math.ceil(end / 7) }, async (_, index) => {
			const fault = { cutAfterBytes: 7 * index };
			const { bytes } = await download(onTestFinished, (connection) => (connection === 0 ? fault : {}));
			expect(bytes.equals(content)).toBe(true);
		});
		await Promise.all(cuts);
	});
});

describe("a server that is odd but right: no failure", () => {
	const odd: [string, HttpBehaviour][] = [
		["closes after every reply, without a word", { closeAfterReplies: 1 }],
		["closes after every fourth reply", { closeAfterReplies: 4 }],
		["says that it will close", { closeAfterReplies: 1, answer: withFields({ Connection: "close" }) }],
		["says that it will close, and does not", { answer: withFields({ Connection: "close" }) }],
		["HTTP/1.0 with keep-alive", { answer: asHttp10("Connection: keep-alive\r\n") }],
		["HTTP/1.0", { answer: asHttp10("") }],
		[
			"body until the connection closes",
			{ closeAfterReplies: 1, answer: withFields({ "Content-Length": undefined }) },
		],
		["chunked, in pieces of 1000 bytes", { answer: (request, all) => chunkedReply(request, all, 1000) }],
		["chunked, in one piece", { answer: (request, all) => chunkedReply(request, all, chunkSizeBytes) }],
		["does not tell the size again", { answer: after(1, withoutSize) }],
		["no ETag", { answer: withFields({ ETag: undefined }) }],
		["lines that end with LF alone", { answer: withLineFeeds }],
		["103 Early Hints before each reply", { answer: withHints }],
		[
			"slow, but never silent for long",
			{ trickle: { bytes: 50_000, everyMs: 200, afterBytes: firstReplyBytes } },
		],
	];
	test.concurrent.for(odd)("%s", async ([, behaviour], { expect, onTestFinished }) => {
		const { result, bytes } = await download(onTestFinished, () => behaviour);
		expect(bytes.equals(content)).toBe(true);
		expect(result).toMatchObject({ sourceFailures: 0, wrongChunks: 0 });
	});
});

describe("a fault for ever: an error by name within the limit", () => {
	const never = "image.total-timeout";
	const forEver: [name: string, fault: HttpBehaviour, code: string, cause: string | undefined][] = [
		["an NBD server", { greeting: "NBDMAGICIHAVEOPT" }, "http.not-http", undefined],
		["200 with HTML", { answer: htmlPage }, "http.html-page", undefined],
		["range ignored", { answer: wholeFile }, "http.ranges-ignored", undefined],
		["404", { answer: () => reply("404 Not Found") }, "http.not-found", undefined],
		["403", { answer: () => reply("403 Forbidden") }, "http.forbidden", undefined],
		["400", { answer: () => reply("400 Bad Request") }, "http.refused", undefined],
		["500", { answer: () => reply("500 Oops") }, "http.server-error", undefined],
		["503", { answer: () => reply("503 Busy") }, never, "http.busy"],
		[
			"a redirect to itself",
			{ answer: () => reply("302 Found", { Location: "/image" }) },
			"http.too-many-redirects",
			undefined,
		],
		[
			"a redirect to ftp",
			{ answer: () => reply("302 Found", { Location: "ftp://127.0.0.1/" }) },
			"http.bad-redirect",
			undefined,
		],
		["a redirect to nowhere", { answer: () => reply("302 Found") }, "http.bad-redirect", undefined],
		[
			"truncated file",
			{ answer: (request) => rightReply(request, content.subarray(1)) },
			"image.size-mismatch",
			undefined,
		],
		[
			"empty file",
			{ answer: (request) => rightReply(request, Buffer.alloc(0)) },
			"image.size-mismatch",
			undefined,
		],
		["no size", { answer: withoutSize }, "http.wrong-range", undefined],
		[
			"size of 2⁵³ bytes",
			{ answer: withFields({ "Content-Range": `bytes 0-0/${2 ** 53}` }) },
			"http.wrong-range",
			undefined,
		],
		["wrong Content-Length", { answer: withLength(1) }, "http.wrong-range", undefined],
		[
			"endless header",
			{ answer: () => reply("206 x", { "X-Flood": "x".repeat(50_000) }) },
			"http.protocol-violation",
			undefined,
		],
		["bit flips in every chunk", { answer: liar }, "image.chunk-corrupt", undefined],
		["closed at once", { cutAfterBytes: 0 }, never, "http.connection-lost"],
		["cut in every first chunk", { cutAfterBytes: inFirstChunk }, never, "http.connection-lost"],
		["silence", { stallAfterBytes: 0 }, never, "http.connect-timeout"],
		["silence after the first reply", { stallAfterBytes: firstReplyBytes }, never, "http.stalled"],
		[
			"slow-loris at 1 byte/s",
			{ trickle: { bytes: 1, everyMs: 1000, afterBytes: 0 } },
			never,
			"http.connect-timeout",
		],
		["image replaced mid-way", { answer: replacedAfter(4) }, "image.changed-on-server", undefined],
		["image that shrinks mid-way", { answer: shrunkAfter(4) }, "image.changed-on-server", undefined],
	];
	test.concurrent.for(forEver)("%s", async ([, fault, code, cause], { expect, onTestFinished }) => {
		// Those that only the limit ends should not take long, but for several attempts.
		const limitMs = code === never ? 8000 : undefined;
		const error = await download(onTestFinished, () => fault, limitMs, 1000).then(
			() => undefined,
			(reason: unknown) => reason,
		);
		expect(error).toBeInstanceOf(NetherdError);
		expect(error).toMatchObject({ code, ...(cause === undefined ? {} : { cause: { code: cause } }) });
	});

	test("nothing listens", async () => {
		const server = await startFaultyHttpServer(content, () => ({}));
		await server.stop();
		await expect(fetchFrom([http(server)], onTestFinished, 4000)).rejects.toMatchObject({
			code: never,
			cause: { code: "http.connection-refused" },
		});
	});
});

test("a server that is killed and comes back: only what is missing is fetched again", async () => {
	const first = await startFaultyHttpServer(content, () => ({ cutAfterBytes: 4 * chunkSizeBytes }));
	const running = fetchFrom([http(first)], onTestFinished);
	while (first.requests.length < 4) await sleep(10);
	await sleep(100);
	await first.stop();
	await sleep(700);
	const second = await startFaultyHttpServer(content, () => ({}), onTestFinished, { port: first.port });
	const { result, bytes } = await running;
	expect(bytes.equals(content)).toBe(true);
	expect(result.sourceFailures).toBeGreaterThan(0);
	const again = second.requests.filter(({ firstByte, lastByte }) => lastByte !== firstByte);
	expect(again.length).toBeLessThan(chunks.length);
});

test("bit flips in 1 of 1,000 chunks: those are fetched again, and nothing else", async () => {
	const small = 512;
	const large = testContent(3000 * small);
	let flips = 0;
	const flip = (request: ReceivedRequest, all: Buffer) => {
		const answer = rightReply(request, all);
		const isFirstTime = request.lastByte !== 0 && (request.firstByte ?? 0) / small === 777 + 1000 * flips;
		if (!isFirstTime) return answer;
		flips += 1;
		answer.writeUInt8(answer.readUInt8(answer.length - 5) ^ 4, answer.length - 5);
		return answer;
	};
	const server = await startFaultyHttpServer(large, () => ({ answer: flip }));
	const destination = join(temporaryFolder(), "image");
	const result = await fetchImage({
		sources: [http(server)],
		destination,
		sizeBytes: large.length,
		chunkSizeBytes: small,
		chunks: hashChunks(large, small),
		totalTimeoutMs: 120_000,
	});
	expect(readFileSync(destination).equals(large)).toBe(true);
	expect(result).toMatchObject({ wrongChunks: 3, sourceFailures: 0 });
	expect(server.requests).toHaveLength(1 + 3000 + 3);
});

test.each([0, 1, 65_535, 65_536, 1_000_003])("an image of %i bytes", async (sizeBytes) => {
	const odd = content.length < sizeBytes ? testContent(sizeBytes) : content.subarray(0, sizeBytes);
	const server = await startFaultyHttpServer(odd, () => ({}));
	const destination = join(temporaryFolder(), "image");
	const oddChunks = hashChunks(odd, chunkSizeBytes);
	await fetchImage({ sources: [http(server)], destination, sizeBytes, chunkSizeBytes, chunks: oddChunks });
	expect(readFileSync(destination).equals(odd)).toBe(true);
});

describe("several sources", () => {
	test("a mirror that lies, and an honest one behind it", async () => {
		const mirror = await startFaultyHttpServer(content, () => ({ answer: liar }));
		const honest = await startFaultyHttpServer(content, () => ({}));
		const { bytes, result } = await fetchFrom([http(mirror), http(honest)], onTestFinished);
		expect(bytes.equals(content)).toBe(true);
		expect(result.wrongChunks).toBeGreaterThan(0);
	});

	test.each(["in-order", "together"] as const)("NBD and HTTP, one of them dead: %s", async (use) => {
		const web = await startFaultyHttpServer(content, () => ({}));
		const block = await startFaultyServer(content, () => ({}));
		const nbd = { kind: "nbd", host: block.host, port: block.port, exportName: "node" } as const;
		const deadWeb = await startFaultyHttpServer(content, () => ({ cutAfterBytes: 0 }));
		const deadBlock = await startFaultyServer(content, () => ({ cutAfterBytes: 0 }));
		const deadNbd = { ...nbd, port: deadBlock.port };
		for (const sources of [
			[deadNbd, http(web)],
			[http(deadWeb), nbd],
			[nbd, http(deadWeb)],
		]) {
			const { bytes } = await fetchFrom(sources, onTestFinished, 120_000, use);
			expect(bytes.equals(content)).toBe(true);
		}
	});

	test("all dead: every reason, within the limit", async () => {
		const gone = await startFaultyHttpServer(content, () => ({ answer: () => reply("404 Not Found") }));
		const page = await startFaultyHttpServer(content, () => ({ answer: htmlPage }));
		await expect(fetchFrom([http(gone), http(page)], onTestFinished)).rejects.toMatchObject({
			code: "image.no-source-left",
			message: expect.stringMatching(/404 Not Found[\s\S]*web page/),
		});
	});
});

function http(server: { readonly url: string }): SourceAddress {
	return { kind: "http", url: server.url };
}

async function download(
	cleanUp: CleanUp,
	behave: (connection: number) => HttpBehaviour,
	totalTimeoutMs = 120_000,
	limitMs = patientMs,
): Promise<{ result: FetchImageResult; bytes: Buffer }> {
	const server = await startFaultyHttpServer(content, behave, cleanUp);
	return fetchFrom([http(server)], cleanUp, totalTimeoutMs, "in-order", limitMs);
}

/** For connecting and for silence: no good server is slower, however busy this machine is. */
const patientMs = 4000;

async function fetchFrom(
	sources: readonly SourceAddress[],
	cleanUp: CleanUp,
	totalTimeoutMs = 120_000,
	use: "in-order" | "together" = "in-order",
	limitMs = patientMs,
): Promise<{ result: FetchImageResult; bytes: Buffer }> {
	const destination = join(temporaryFolder(cleanUp), "image");
	const limits = { connectTimeoutMs: limitMs, stallTimeoutMs: limitMs, totalTimeoutMs };
	const result = await fetchImage({ sources, use, destination, ...image, ...limits });
	return { result, bytes: readFileSync(destination) };
}
