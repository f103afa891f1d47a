import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DownloadEvent } from "../../agent/download/download-event.ts";
import { type FetchImageRequest, fetchImage } from "../../agent/download/fetch-image.ts";
import type { SourceAddress } from "../../agent/download/source-address.ts";
import { describeSource } from "../../agent/download/source-address.ts";
import type { NetherdError } from "../../agent/errors.ts";
import { hashChunks, testContent } from "./support/content.ts";
import { type Behaviour, handshakeBytes, startFaultyServer } from "./support/faulty-nbd-server.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";
import { unusedAddress } from "./support/nbdkit.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const chunkSizeBytes = 65_536;
const content = testContent(60 * chunkSizeBytes + 1);
const image = { sizeBytes: content.length, chunkSizeBytes, chunks: hashChunks(content, chunkSizeBytes) };

/** About 6 MB/s, so that something can happen before all is over. */
const unhurried: Behaviour = { trickle: { bytes: 60_000, everyMs: 10 } };
/** Half a MB/s: far from done when another source has come back. */
const slow: Behaviour = { trickle: { bytes: 5000, everyMs: 10 } };
const absent = (): SourceAddress => ({ kind: "nbd", ...unusedAddress(), exportName: "absent" });

describe("in order", () => {
	test("the second one is not even connected to while the first one works", async () => {
		const [first, second] = [await serve(() => ({})), await serve(() => ({}))];
		await download([first, second]);
		expect(second.server.connections()).toBe(0);
	});

	test("the second one takes over when the first is not there", async () => {
		const second = await serve(() => ({}));
		const missing = absent();
		const { events } = await download([missing, second]);
		expect(events[0]).toMatchObject({
			kind: "source-set-aside",
			source: describeSource(missing),
			code: "nbd.connection-refused",
		});
		// It may have been tried again in between.
		expect(events.find(({ kind }) => kind === "source-used")).toEqual({
			kind: "source-used",
			source: describeSource(second.address),
			isBack: false,
		});
	});

	test("the second one takes over when the first accepts connections and says nothing", async () => {
		const [mute, second] = [await serve(() => ({ stallAfterBytes: 0 })), await serve(() => ({}))];
		await download([mute, second], { connectTimeoutMs: 60_000 });
		expect(second.server.reads.length).toBe(61);
	});

	test("the first one dies and comes back: it gets its place back, and nothing is fetched twice but what was lost", async () => {
		const large = testContent(240 * chunkSizeBytes);
		const [first, second] = [await serve(() => unhurried, large), await serve(() => slow, large)];
		const { events } = await download([first, second], {
			sizeBytes: large.length,
			chunks: hashChunks(large, chunkSizeBytes),
			connections: 1,
			async onEvent(event) {
				if (event.kind === "source-used" && event.source === first.name && !event.isBack) {
					await first.server.stop();
				}
				if (event.kind === "source-used" && event.source === second.name) await first.server.restart();
			},
		});
		expect(usedSources(events)).toEqual([first.name, second.name, `${first.name} again`]);
		// The second one had at most what it holds at once when the first one was back.
		expect(second.server.reads.length).toBeLessThan(first.server.reads.length);
		expect(first.server.reads.length + second.server.reads.length).toBeLessThan(240 + 2 * 17);
	});

	test("the first one lies about everything: it is out, its chunks come from the second", async () => {
		const [liar, second] = [await serve(() => ({ answer: flipped })), await serve(() => unhurried)];
		const { events, wrongChunks } = await download([liar, second]);
		expect(wrongChunks).toBeGreaterThan(0);
		expect(events.find(({ kind }) => kind === "source-set-aside")).toMatchObject({
			source: liar.name,
			code: "image.chunk-corrupt",
		});
		expect(new Set(second.server.reads.map(({ offsetBytes }) => offsetBytes)).size).toBe(61);
	});

	test("the first one has one rotten chunk: that one comes from the second, the rest from the first", async () => {
		const rottenOffset = 30 * chunkSizeBytes;
		const rotten: Behaviour["answer"] = (request, bytes) =>
			request.offsetBytes === rottenOffset ? flipped(request, bytes) : right(request, bytes);
		const [first, second] = [
			await serve(() => ({ ...unhurried, answer: rotten })),
			await serve(() => unhurried),
		];
		const { wrongChunks } = await download([first, second]);
		expect(wrongChunks).toBeGreaterThanOrEqual(1);
		expect(second.server.reads.map(({ offsetBytes }) => offsetBytes)).toContain(rottenOffset);
		expect(first.server.reads.length).toBeGreaterThan(30);
	});
});

describe("together", () => {
	test("two sources of different kinds bring their parts, a third one of another kind as well", async () => {
		const large = testContent(240 * chunkSizeBytes);
		const [first, second] = [await serve(() => unhurried, large), await serve(() => unhurried, large)];
		const http = await serveHttp(large);
		const { events } = await download([first, second, { address: { kind: "http", url: http } }], {
			use: "together",
			sizeBytes: large.length,
			chunks: hashChunks(large, chunkSizeBytes),
		});
		expect(new Set(usedSources(events))).toEqual(new Set([first.name, second.name, http]));
		expect(first.server.reads.length).toBeGreaterThan(0);
		expect(second.server.reads.length).toBeGreaterThan(0);
	});

	test("one brings a byte at a time: the other one races it for what it holds, and wins", async () => {
		const slow = await serve(() => ({ trickle: { bytes: 1, everyMs: 100 } }));
		const fast = await serve(() => unhurried);
		const { sourceFailures } = await download([slow, fast], { use: "together", stallTimeoutMs: 60_000 });
		expect(sourceFailures).toBe(0);
		expect(slow.server.reads.length).toBeGreaterThan(0);
		expect(new Set(fast.server.reads.map(({ offsetBytes }) => offsetBytes)).size).toBe(61);
	});

	test("one lies, one dies, one is not there: the last one brings the image", async () => {
		const [liar, dying, right] = [
			await serve(() => ({ answer: flipped })),
			await serve(() => ({ cutAfterBytes: handshakeBytes + 100_000 })),
			await serve(() => unhurried),
		];
		const { wrongChunks } = await download([liar, dying, { address: absent() }, right], { use: "together" });
		expect(wrongChunks).toBeGreaterThan(0);
	});

	test("a slow one does not hold all buffers", async () => {
		const largeChunk = 12 * 1024 * 1024;
		const large = Buffer.alloc(4 * largeChunk, content);
		const slow = await serve(() => ({ trickle: { bytes: 1, everyMs: 100 } }), large);
		const fast = await serve(() => ({}), large);
		await download([slow, fast], {
			use: "together",
			stallTimeoutMs: 60_000,
			sizeBytes: large.length,
			chunkSizeBytes: largeChunk,
			chunks: hashChunks(large, largeChunk),
		});
	});
});

describe("all of them fail", () => {
	test("for good: the error has every reason", async () => {
		const [web, other] = [
			await serve(() => ({ sayInstead: { text: "HTTP/1.1 400 Bad Request\r\n\r\n", close: true } })),
			await serve(() => ({ sizeBytes: 5 })),
		];
		const error = await failure([web, other], {});
		expect(error.code).toBe("image.no-source-left");
		expect(error.message).toContain(`\n  ${web.name}: 127.0.0.1:${web.server.port} is not an NBD server`);
		expect(error.message).toContain(`\n  ${other.name}: ${other.name} has 5 bytes, the image`);
	});

	test.each(["in-order", "together"] as const)(
		"for now (%s): the time limit ends it, with every reason",
		async (use) => {
			const [first, second] = [absent(), absent()];
			const error = await failure([{ address: first }, { address: second }], { use, totalTimeoutMs: 4000 });
			expect(error.code).toBe("image.total-timeout");
			expect(error.message).toContain(`\n  ${describeSource(first)}: nothing accepts NBD connections`);
			expect(error.message).toContain(`\n  ${describeSource(second)}: nothing accepts NBD connections`);
		},
	);

	test("with lies: every one of them is given up, nothing wrong is written", async () => {
		const liars = [await serve(() => ({ answer: flipped })), await serve(() => ({ answer: flipped }))];
		const error = await failure(liars, { use: "together" });
		expect(error.code).toBe("image.no-source-left");
		for (const { name } of liars) expect(error.message).toContain(`${name}: chunk `);
	});

	test("one with rotten chunks, the other never there: the rotten one is given up after four attempts at a chunk", async () => {
		const liar = await serve(() => ({ answer: flipped }));
		const error = await failure([liar, { address: absent() }], { totalTimeoutMs: 4000 });
		expect(error.code).toBe("image.total-timeout");
		expect(error.message).toContain("nothing accepts NBD connections");
	});
});

describe("the image is replaced during the download", () => {
	test("the export has another size after a break: it is out, by name", async () => {
		const server = await serve((connection) =>
			connection === 0 ? { cutAfterBytes: handshakeBytes + 200_000 } : { sizeBytes: content.length + 512 },
		);
		const error = await failure([server], {});
		expect(error.code).toBe("image.changed-on-server");
		expect(error.message).toContain(`it had ${content.length} bytes, and has ${content.length + 512}`);
	});

	test("and another source has the right one: the image is complete", async () => {
		const changing = await serve((connection) =>
			connection === 0 ? { cutAfterBytes: handshakeBytes + 200_000 } : { sizeBytes: 512 },
		);
		const other = await serve(() => unhurried);
		await other.server.stop();
		const { events } = await download([changing, other], {
			onEvent(event) {
				if (event.kind === "source-given-up") void other.server.restart();
			},
		});
		expect(events.find(({ kind }) => kind === "source-given-up")).toMatchObject({
			source: changing.name,
			code: "image.changed-on-server",
		});
	});
});

test("one in a thousand chunks with a flipped bit: those alone are fetched again", async () => {
	const smallChunk = 1024;
	const large = testContent(3000 * smallChunk);
	const flippedOnce = new Set<number>();
	const server = await serve(
		() => ({
			answer(request, bytes) {
				const index = request.offsetBytes / smallChunk;
				if (index % 1000 !== 500 || flippedOnce.has(index)) return right(request, bytes);
				flippedOnce.add(index);
				return flipped(request, bytes);
			},
		}),
		large,
	);
	const { wrongChunks, sourceFailures } = await download([server], {
		sizeBytes: large.length,
		chunkSizeBytes: smallChunk,
		chunks: hashChunks(large, smallChunk),
	});
	expect({ wrongChunks, sourceFailures }).toEqual({ wrongChunks: 3, sourceFailures: 0 });
	expect(server.server.reads.length).toBe(3003);
});

test("connections that the server slows down one by one: more are used than at the start", async () => {
	const large = Buffer.alloc(24 * 1024 * 1024, content);
	const server = await serve(() => unhurried, large);
	await download([server], { sizeBytes: large.length, chunks: hashChunks(large, chunkSizeBytes) });
	expect(server.server.connections()).toBeGreaterThan(2);
});

type Answer = NonNullable<Behaviour["answer"]>;

function right({ handle, offsetBytes, lengthBytes }: Parameters<Answer>[0], bytes: Buffer): Buffer {
	return serverMessage.simpleReply(handle, 0, bytes.subarray(offsetBytes, offsetBytes + lengthBytes));
}

function flipped({ handle, offsetBytes, lengthBytes }: Parameters<Answer>[0], bytes: Buffer): Buffer {
	const data = Buffer.from(bytes.subarray(offsetBytes, offsetBytes + lengthBytes));
	data.writeUInt8(data.readUInt8(0) ^ 0x80, 0);
	return serverMessage.simpleReply(handle, 0, data);
}

async function serve(behave: (connection: number) => Behaviour, bytes = content) {
	const server = await startFaultyServer(bytes, behave);
	const address: SourceAddress = { kind: "nbd", host: server.host, port: server.port, exportName: "node" };
	return { server, address, name: describeSource(address) };
}

/** An honest web server with ranges. */
async function serveHttp(image = content): Promise<string> {
	const server = createServer((request, response) => {
		const [, start = "0", end = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
		const last = end === "" ? image.length - 1 : Math.min(Number(end), image.length - 1);
		const part = image.subarray(Number(start), last + 1);
		const isPart = request.headers.range !== undefined;
		response.writeHead(isPart ? 206 : 200, {
			"Accept-Ranges": "bytes",
			"Content-Length": part.length,
			ETag: '"one"',
			...(isPart ? { "Content-Range": `bytes ${start}-${last}/${image.length}` } : {}),
		});
		setTimeout(() => response.end(request.method === "HEAD" ? undefined : part), 30);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const address = server.address();
	if (address === null || typeof address === "string") throw new Error("no address");
	return `http://127.0.0.1:${address.port}/image.squashfs`;
}

type Options = Partial<Omit<FetchImageRequest, "sources" | "destination">>;

/** Downloads, and sees that the file is right. */
async function download(
	sources: readonly (SourceAddress | { address: SourceAddress })[],
	options: Options = {},
) {
	const destination = join(temporaryFolder(), "image");
	const events: DownloadEvent[] = [];
	const request = { ...image, totalTimeoutMs: 120_000, ...options };
	const result = await fetchImage({
		...request,
		sources: sources.map((source) => ("address" in source ? source.address : source)),
		destination,
		onEvent(event) {
			if (event.kind !== "progress") events.push(event);
			options.onEvent?.(event);
		},
	});
	const bytes = readFileSync(destination);
	expect(bytes.length).toBe(request.sizeBytes);
	expect(hashChunks(bytes, request.chunkSizeBytes)).toEqual(request.chunks);
	return { ...result, events };
}

async function failure(
	sources: readonly { address: SourceAddress }[],
	options: Options,
): Promise<NetherdError> {
	const error: unknown = await download(sources, options).then(
		() => undefined,
		(reason: unknown) => reason,
	);
	expect(error).toMatchObject({ name: "NetherdError" });
	return error as NetherdError;
}

function usedSources(events: readonly DownloadEvent[]): string[] {
	return events.flatMap((event) =>
		event.kind === "source-used" ? [`${event.source}${event.isBack ? " again" : ""}`] : [],
	);
}
