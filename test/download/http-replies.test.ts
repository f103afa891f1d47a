import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HttpProtocolError } from "../../agent/download/http-codec.ts";
import { type Exchange, receiveReplies } from "../../agent/download/http-replies.ts";
import { judgeFirstReply, judgeReply } from "../../agent/download/http-verdict.ts";
import { NetherdError } from "../../agent/errors.ts";
import { testContent } from "./support/content.ts";
import { chunkedReply, type ReceivedRequest, rightReply } from "./support/faulty-http-server.ts";

const url = new URL("http://192.0.2.1/image");
const content = testContent(5000);
const file = { sizeBytes: content.length, identity: '"one"' };

interface Outcome {
	/** What the conversation threw. */
	readonly error: unknown;
	readonly answered: number;
	readonly targets: readonly Buffer[];
}

/**
 * Plays a server's bytes to the conversation, in pieces of these sizes, then closes the connection.
 *
 * @throws When the conversation asks for more than there can be, or hangs.
 */
function play(stream: Buffer, requests: readonly ReceivedRequest[], pieces: readonly number[]): Outcome {
	let answered = 0;
	const exchanges: Exchange[] = requests.map(({ firstByte = 0, lastByte = 0 }, index) => ({
		offsetBytes: firstByte,
		target: Buffer.alloc(lastByte - firstByte + 1),
		accept(head) {
			if (index === 0) return judgeFirstReply(url, head).kind === "file";
			judgeReply(url, head, file, firstByte, lastByte - firstByte + 1);
			return true;
		},
		onReceived: (bytes) => expect(bytes).toBeGreaterThan(0),
		finish: () => {
			answered += 1;
		},
	}));
	const targets = exchanges.map(({ target }) => target as Buffer);
	const listener = { onAccepted() {}, onReceived() {}, onAnswered() {} };
	const conversation = receiveReplies(exchanges, listener);
	let position = 0;
	try {
		let step = conversation.next(0);
		for (let steps = 0; !step.done; steps++) {
			if (steps > stream.length + 1) throw new Error("it hangs");
			const { receive } = step.value;
			if (receive.length === 0) throw new Error("it wants nothing");
			const size = Math.min(pieces[steps % pieces.length] ?? 1, receive.length, stream.length - position);
			receive.set(stream.subarray(position, position + size));
			position += size;
			step = conversation.next(size);
		}
		return { error: undefined, answered, targets };
	} catch (error) {
		return { error, answered, targets };
	}
}

const range = fc.tuple(fc.nat(content.length - 1), fc.nat(600)).map(([first, more]) => ({
	path: "/image",
	firstByte: first,
	lastByte: Math.min(first + more, content.length - 1),
}));
const first: ReceivedRequest = { path: "/image", firstByte: 0, lastByte: 0 };
const pieceSizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 });

describe("replies", () => {
	test("of every right form arrive whole, however they are cut", () => {
		const format = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }));
		fc.assert(
			fc.property(fc.array(fc.tuple(range, format), { maxLength: 4 }), pieceSizes, (following, pieces) => {
				const stream = following.map(([request, pieceBytes]) =>
					pieceBytes === 0 ? rightReply(request, content) : chunkedReply(request, content, pieceBytes),
				);
				const requests = [first, ...following.map(([request]) => request)];
				const outcome = play(Buffer.concat([rightReply(first, content), ...stream]), requests, pieces);
				expect(outcome.error).toBeUndefined();
				expect(outcome.answered).toBe(requests.length);
				for (const [index, { firstByte = 0, lastByte = 0 }] of requests.entries()) {
					expect(outcome.targets[index]).toEqual(content.subarray(firstByte, lastByte + 1));
				}
			}),
			{ numRuns: 2000 },
		);
	});

	/** Pieces of which HTTP is made, right and wrong. */
	const words = fc.constantFrom(
		"HTTP/1.1 206 Partial Content\r\n",
		"HTTP/1.0 206 x\r\n",
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\n\r\n",
		"HTTP/1.1 301 Moved\r\nLocation: http://[::1]:99999/\r\n\r\n",
		"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
		"Content-Range: bytes 0-0/5000\r\n",
		"Content-Range: bytes 10-99/5000\r\n",
		"Content-Range: bytes 99-10/*\r\n",
		"Content-Length: 1\r\n",
		"Content-Length: 90\r\n",
		"Content-Length: -1\r\n",
		"Content-Length: 9007199254740993\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Connection: close\r\n",
		'ETag: "two"\r\n',
		" folded\r\n",
		": no name\r\n",
		"\r\n",
		"\n",
		"\r",
		"0\r\n\r\n",
		"5a;x=y\r\n",
		"ffffffffffffff\r\n",
		"\0",
		"x".repeat(90),
		"y".repeat(17_000),
	);
	const request10to99 = { path: "/image", firstByte: 10, lastByte: 99 };
	const requests = [first, request10to99, request10to99];
	const goodStream = Buffer.concat([
		rightReply(first, content),
		rightReply(request10to99, content),
		chunkedReply(request10to99, content, 30),
	]);

	/** A right stream with some bytes changed. */
	const damaged = fc
		.array(fc.tuple(fc.nat(goodStream.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
		.map((changes) => {
			const stream = Buffer.from(goodStream);
			for (const [position, value] of changes) stream.writeUInt8(value, position);
			return stream;
		});
	const shortened = fc.nat(goodStream.length).map((length) => goodStream.subarray(0, length));
	const assembled = fc
		.tuple(fc.boolean(), fc.array(words, { maxLength: 12 }))
		.map(([isProven, texts]) =>
			Buffer.from((isProven ? rightReply(first, content).toString("latin1") : "") + texts.join(""), "latin1"),
		);
	const random = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));

	test("of any form never throw anything but the errors of HTTP, and never hang: 100,000 inputs", () => {
		const seen = new Map<string, number>();
		fc.assert(
			fc.property(fc.oneof(damaged, shortened, assembled, random), pieceSizes, (stream, pieces) => {
				const { error, answered } = play(stream, requests, pieces);
				const isKnown = error instanceof HttpProtocolError || error instanceof NetherdError;
				if (error !== undefined && !isKnown) throw error;
				const name = error instanceof NetherdError ? error.code : String(error).slice(0, 30);
				seen.set(name, (seen.get(name) ?? 0) + 1);
				if (answered > requests.length) throw new Error("more answers than requests");
			}),
			{ numRuns: 100_000 },
		);
		// The inputs reach what they are for.
		expect([...seen.keys()]).toEqual(
			expect.arrayContaining([
				"undefined",
				"http.wrong-range",
				"http.busy",
				"http.bad-redirect",
				"image.changed-on-server",
				"http.ranges-ignored",
			]),
		);
	});
});
