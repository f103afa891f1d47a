import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NbdProtocolError } from "../../agent/download/nbd-codec.ts";
import { connectionLost, type NbdAddress } from "../../agent/download/nbd-errors.ts";
import { type Conversation, handshake, type NegotiatedExport } from "../../agent/download/nbd-handshake.ts";
import { RequestTable, receiveReplies } from "../../agent/download/nbd-transmission.ts";
import { NetherdError } from "../../agent/errors.ts";
import { testContent } from "./support/content.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";

const address: NbdAddress = { host: "192.0.2.1", port: 10809, exportName: "node" };
const runs = Number(process.env.NETHERD_FUZZ_RUNS ?? 50_000);

describe("handshake", () => {
	const goWith = (...replies: Buffer[]) =>
		Buffer.concat([serverMessage.greeting(), serverMessage.optionReply(8, 1), ...replies]);

	test("NBD_OPT_GO: size, flags and block sizes", () => {
		const stream = goWith(
			serverMessage.exportInfo(123_456),
			serverMessage.blockSizeInfo(512, 4096, 65_536),
			serverMessage.optionReply(7, 1),
		);
		const { outcome, sent } = converse(handshake(address), stream);
		expect(outcome).toEqual({
			result: {
				sizeBytes: 123_456,
				readOnly: true,
				canMultiConnection: true,
				minimumBytes: 512,
				preferredBytes: 4096,
				maximumPayloadBytes: 65_536,
				structuredReplies: true,
			} satisfies NegotiatedExport,
		});
		const go = Buffer.from("IHAVEOPT\0\0\0\x07\0\0\0\x0c\0\0\0\x04node\0\x01\0\x03", "latin1");
		const structured = Buffer.from("IHAVEOPT\0\0\0\x08\0\0\0\0", "latin1");
		expect(sent).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 3]), structured, go]));
	});

	test("without block sizes: any offset, requests up to 32 MiB", () => {
		const { outcome } = converse(
			handshake(address),
			goWith(serverMessage.exportInfo(1), serverMessage.optionReply(7, 1)),
		);
		expect(outcome).toMatchObject({ result: { minimumBytes: 1, maximumPayloadBytes: 33_554_432 } });
	});

	test("a server without NBD_OPT_GO is asked with NBD_OPT_EXPORT_NAME", () => {
		const stream = goWith(serverMessage.optionReply(7, 0x8000_0001), serverMessage.exportName(77));
		const { outcome, sent } = converse(handshake(address), stream);
		expect(outcome).toMatchObject({ result: { sizeBytes: 77, structuredReplies: true } });
		expect(sent.subarray(-20).toString("latin1")).toBe("IHAVEOPT\0\0\0\x01\0\0\0\x04node");
	});

	test("a server that is not fixed newstyle is asked with NBD_OPT_EXPORT_NAME only, and sends zeroes", () => {
		const stream = Buffer.concat([
			serverMessage.greeting(0),
			serverMessage.exportName(77),
			Buffer.alloc(124),
		]);
		const { outcome, sent, unreadBytes } = converse(handshake(address), stream);
		expect(outcome).toMatchObject({ result: { sizeBytes: 77, structuredReplies: false } });
		expect(unreadBytes).toBe(0);
		expect(sent).toEqual(Buffer.from("\0\0\0\0IHAVEOPT\0\0\0\x01\0\0\0\x04node", "latin1"));
	});

	test.each([
		["HTTP/1.1 400 Bad Request", "nbd.not-nbd", 'is not an NBD server: it begins with "HTTP/1.1"'],
		["\x1b]0;x\x07\x9bz", "nbd.not-nbd", 'begins with "?]0;x??z"'],
		["NBDMAGIC\0\0\x42\x02\x81\x86\x12\x53\0\0", "nbd.old-protocol", "oldstyle"],
		["NBDMAGICIHAVEOPX\0\0", "protocol", "greeting with second magic 0x49484156454f5058"],
	])("begins with %j: %s", (text, code, message) => {
		expectFailure(converse(handshake(address), Buffer.from(text, "latin1")), code, message);
	});

	test("an unknown export: the error has the server's words and its list", () => {
		const entry = (name: string) => Buffer.concat([Buffer.from([0, 0, 0, name.length]), Buffer.from(name)]);
		const stream = goWith(
			serverMessage.optionReply(7, 0x8000_0006, Buffer.from("no such export")),
			serverMessage.optionReply(3, 2, entry("node-2")),
			serverMessage.optionReply(3, 2, Buffer.concat([entry("other"), Buffer.from("a description")])),
			serverMessage.optionReply(3, 1),
		);
		const conversation = converse(handshake(address), stream);
		expectFailure(
			conversation,
			"nbd.unknown-export",
			'has no export "node" ("no such export"); it has "node-2", "other"',
		);
		// NBD_OPT_ABORT ends the session.
		expect(conversation.sent.subarray(-16).toString("latin1")).toBe("IHAVEOPT\0\0\0\x02\0\0\0\0");
	});

	test.each([
		["a refusal", serverMessage.optionReply(3, 0x8000_0002), "it does not tell which it has"],
		["nothing", serverMessage.optionReply(3, 1), "it lists none"],
		["rubbish", serverMessage.optionReply(3, 2, Buffer.from("\xff\xff\xff\xff")), "does not tell"],
	])("an unknown export, and %s for a list", (_, listReply, message) => {
		const stream = goWith(serverMessage.optionReply(7, 0x8000_0006), listReply);
		expectFailure(converse(handshake(address), stream), "nbd.unknown-export", message);
	});

	test.each([
		[0x8000_0005, "nbd.tls-required", "insists on TLS"],
		[0x8000_0007, "nbd.server-shutting-down", "is shutting down"],
		[0x8000_0002, "nbd.export-refused", 'refuses the export "node": policy'],
		[0x8000_00ff, "nbd.export-refused", "option reply 0x800000ff"],
	])("NBD_OPT_GO answered with %d: %s", (type, code, message) => {
		expectFailure(converse(handshake(address), goWith(serverMessage.optionReply(7, type))), code, message);
	});

	test.each([
		["no size", serverMessage.optionReply(7, 1), "accepted without the export's size"],
		["a reply to another option", serverMessage.optionReply(6, 1), "reply to option 6 instead of 7"],
		[
			"short information",
			serverMessage.optionReply(7, 3, Buffer.from([0, 0, 1])),
			"NBD_INFO_EXPORT of 3 bytes",
		],
		["odd block sizes", serverMessage.blockSizeInfo(3, 3, 3), "block sizes 3/3/3"],
		["an absurd length", serverMessage.optionReply(7, 3, Buffer.alloc(70_000)), "70000 bytes of data"],
		["a size of 2⁶⁴ − 1", serverMessage.optionReply(7, 3, Buffer.alloc(12, 255).fill(0, 0, 2)), "2⁵³"],
	])("NBD_OPT_GO answered with %s breaks the protocol", (_, reply, message) => {
		expectFailure(converse(handshake(address), goWith(reply)), "protocol", message);
	});

	test("information without end is cut off", () => {
		const replies = Array.from({ length: 200 }, () => serverMessage.exportInfo(1));
		expectFailure(converse(handshake(address), goWith(...replies)), "protocol", "more than 100 replies");
	});

	test("an old server that closes when asked for the export refuses it", () => {
		const stream = Buffer.concat([serverMessage.greeting(0)]);
		const conversation = handshake(address);
		expect(converse(conversation, stream).outcome).toBe("hungry");
		expect(() => conversation.throw(connectionLost(address, "now"))).toThrow(
			'refuses the export "node": it closed the connection when asked for it',
		);
	});

	test("fuzz: any bytes end in a result, an error of ours, or hunger for more", () => {
		const pieces = fc.constantFrom(
			serverMessage.greeting(),
			serverMessage.greeting(0),
			serverMessage.optionReply(8, 1),
			serverMessage.optionReply(8, 0x8000_0001),
			serverMessage.optionReply(7, 0x8000_0001),
			serverMessage.optionReply(7, 0x8000_0006, Buffer.from("no")),
			serverMessage.exportInfo(1000),
			serverMessage.blockSizeInfo(1, 1, 1),
			serverMessage.optionReply(3, 2, Buffer.from([0, 0, 0, 1, 65])),
			serverMessage.optionReply(7, 1),
			Buffer.alloc(30),
		);
		fc.assert(
			fc.property(fc.array(pieces, { maxLength: 12 }), noise, (messages, change) => {
				converse(handshake(address), change(Buffer.concat([serverMessage.greeting(), ...messages])));
			}),
			{ numRuns: runs },
		);
	});
});

describe("transmission", () => {
	const content = testContent(1000);
	const handle = (number: number) => Buffer.from([0, 0, 0, 0, 0, 0, 0, number]);

	test("simple replies in any order fill their own targets", () => {
		const { finished, outcome } = transmit(
			false,
			[
				[0, 100],
				[500, 50],
			],
			[
				serverMessage.simpleReply(handle(2), 0, content.subarray(500, 550)),
				serverMessage.simpleReply(handle(1), 0, content.subarray(0, 100)),
			],
		);
		expect(outcome).toBe("hungry");
		expect(finished).toEqual([
			{ index: 1, error: undefined, target: content.subarray(500, 550) },
			{ index: 0, error: undefined, target: content.subarray(0, 100) },
		]);
	});

	test("structured replies: chunks in any order, interleaved, with holes", () => {
		const holed = Buffer.from(content.subarray(0, 100)).fill(0, 20, 60);
		const { finished } = transmit(
			true,
			[
				[0, 100],
				[500, 50],
			],
			[
				serverMessage.dataChunk(handle(1), 60, content.subarray(60, 100), false),
				serverMessage.dataChunk(handle(2), 500, content.subarray(500, 550), true),
				serverMessage.holeChunk(handle(1), 20, 40, false),
				serverMessage.dataChunk(handle(1), 0, content.subarray(0, 20), false),
				serverMessage.done(handle(1)),
			],
		);
		expect(finished).toEqual([
			{ index: 1, error: undefined, target: content.subarray(500, 550) },
			{ index: 0, error: undefined, target: holed },
		]);
	});

	test.each([
		[false, serverMessage.simpleReply(handle(1), 5), 'answers EIO for 100 bytes at offset 0 of "node"'],
		[false, serverMessage.simpleReply(handle(1), 7), "answers error 7 for"],
		[
			true,
			serverMessage.errorChunk(handle(1), 12, "low \u001bmemory", true),
			'ENOMEM ("low ?memory") for 100 bytes',
		],
		[
			true,
			serverMessage.structuredChunk(handle(1), 1, 0x80ff, Buffer.from([0, 0, 0, 5, 0, 0, 9])),
			"answers EIO",
		],
	])("an error reply (structured: %s) fails its request alone", (structured, reply, message) => {
		const reads: [number, number][] = [
			[0, 100],
			[500, 50],
		];
		const other = structured
			? serverMessage.dataChunk(handle(2), 500, content.subarray(500, 550), true)
			: serverMessage.simpleReply(handle(2), 0, content.subarray(500, 550));
		const { finished, outcome } = transmit(structured, reads, [reply, other]);
		expect(outcome).toBe("hungry");
		expect(finished[0]?.error?.code).toBe("nbd.read-error");
		expect(finished[0]?.error?.message).toContain(message);
		expect(finished[1]).toMatchObject({ error: undefined, target: content.subarray(500, 550) });
	});

	test("a structured reply may go on after its error", () => {
		const { finished } = transmit(
			true,
			[[0, 100]],
			[
				serverMessage.errorChunk(handle(1), 5, "bad sector", false),
				serverMessage.dataChunk(handle(1), 0, content.subarray(0, 10), true),
			],
		);
		expect(finished).toHaveLength(1);
		expect(finished[0]?.error?.message).toContain('EIO ("bad sector")');
	});

	test("ESHUTDOWN ends the connection", () => {
		const conversation = transmit(false, [[0, 100]], [serverMessage.simpleReply(handle(1), 108)]);
		expectFailure(conversation, "nbd.server-shutting-down", "192.0.2.1:10809 is shutting down");
	});

	const data = (offset: number, length: number, isLast: boolean) =>
		serverMessage.dataChunk(handle(1), offset, content.subarray(offset, offset + length), isLast);
	test.each([
		[false, "wrong magic", [Buffer.from("HTTP/1.1 200 OK\r\n\r\n")], "reply with magic 0x48545450"],
		[false, "a handle that was not sent", [serverMessage.simpleReply(handle(9), 0)], "handle 9"],
		[false, "the upper half of a handle", [serverMessage.simpleReply(Buffer.alloc(8, 1), 0)], "never sent"],
		[false, "a structured reply", [data(0, 100, true)], "structured reply though none was negotiated"],
		[
			true,
			"a simple reply",
			[serverMessage.simpleReply(handle(1), 0, content.subarray(0, 100))],
			"simple reply",
		],
		[
			true,
			"an unknown chunk type",
			[serverMessage.structuredChunk(handle(1), 1, 9, Buffer.alloc(4))],
			"type 9",
		],
		[
			true,
			"data before the request",
			[serverMessage.dataChunk(handle(1), 2 ** 40, content, true)],
			"1000 bytes at",
		],
		[true, "data beyond the request", [data(50, 51, true)], "51 bytes at offset 50"],
		[true, "data twice", [data(0, 60, false), data(59, 41, true)], "bytes at offset 59 sent twice"],
		[true, "missing data", [data(0, 60, false), data(61, 39, true)], "with bytes missing"],
		[true, "no data", [serverMessage.done(handle(1))], "with bytes missing"],
		[true, "an empty hole", [serverMessage.holeChunk(handle(1), 0, 0, true)], "0 bytes at offset 0"],
		[
			true,
			"an empty data chunk",
			[serverMessage.dataChunk(handle(1), 0, Buffer.alloc(0), true)],
			"chunk of 8 bytes",
		],
		[
			true,
			"an end that is not the last",
			[serverMessage.structuredChunk(handle(1), 0, 0, Buffer.alloc(0))],
			"malformed",
		],
		[true, "an error without number", [serverMessage.errorChunk(handle(1), 0, "", true)], "error number 0"],
		[
			true,
			"a short error",
			[serverMessage.structuredChunk(handle(1), 1, 0x8001, Buffer.alloc(5))],
			"of 5 bytes",
		],
		[
			true,
			"an error that lies",
			[serverMessage.structuredChunk(handle(1), 1, 0x8001, Buffer.alloc(8, 1))],
			"longer",
		],
		[
			true,
			"a huge error",
			[serverMessage.structuredChunk(handle(1), 1, 0x8001, Buffer.alloc(70_000))],
			"70000",
		],
		[true, "an offset of 2⁶⁴", [serverMessage.structuredChunk(handle(1), 1, 1, Buffer.alloc(9, 255))], "2⁵³"],
	])("(structured: %s) %s breaks the protocol", (structured, _, replies, message) => {
		expectFailure(transmit(structured, [[0, 100]], replies), "protocol", message);
	});

	test("handles are not used twice at once, and start over after 2³²", () => {
		const table = new RequestTable();
		const request = { offsetBytes: 0, target: new Uint8Array(1), finish: () => {} };
		expect([table.add(request), table.add(request)]).toEqual([1, 2]);
		table.finish(1);
		expect([table.add(request), table.size]).toEqual([3, 2]);
	});

	test("fuzz: any bytes end in an error of ours or hunger, and data never leaves its target", () => {
		const reply = fc.oneof(
			fc
				.tuple(fc.nat(4), fc.constantFrom(0, 5, 7, 108))
				.map(([number, error]) =>
					serverMessage.simpleReply(
						handle(number),
						error,
						error === 0 ? content.subarray(0, 100) : Buffer.alloc(0),
					),
				),
			fc
				.tuple(fc.nat(4), fc.nat(120), fc.nat(120), fc.boolean())
				.map(([number, offset, length, isLast]) =>
					serverMessage.dataChunk(handle(number), offset, content.subarray(0, length), isLast),
				),
			fc
				.tuple(fc.nat(4), fc.nat(120), fc.nat(120), fc.boolean())
				.map(([number, offset, length, isLast]) =>
					serverMessage.holeChunk(handle(number), offset, length, isLast),
				),
			fc
				.tuple(fc.nat(4), fc.string({ maxLength: 9 }), fc.boolean())
				.map(([number, message, isLast]) => serverMessage.errorChunk(handle(number), 5, message, isLast)),
			fc.nat(4).map((number) => serverMessage.done(handle(number))),
		);
		fc.assert(
			fc.property(fc.boolean(), fc.array(reply, { maxLength: 8 }), noise, (structured, replies, change) => {
				const reads: [number, number][] = [
					[0, 100],
					[20, 60],
					[100, 1],
				];
				const { finished, guards } = transmit(structured, reads, [change(Buffer.concat(replies))]);
				expect(finished.length).toBeLessThanOrEqual(reads.length);
				expect(guards.every((byte) => byte === 0xa5)).toBe(true);
			}),
			{ numRuns: runs },
		);
	});

	/** Asks for ranges (offset, length) and lets the server's bytes in. */
	function transmit(structured: boolean, reads: [number, number][], replies: Buffer[]) {
		const table = new RequestTable();
		const finished: { index: number; error: NetherdError | undefined; target: Buffer }[] = [];
		const memories = reads.map(([offsetBytes, length], index) => {
			const memory = Buffer.alloc(length + 16, 0xa5);
			const target = memory.subarray(8, 8 + length);
			table.add({ offsetBytes, target, finish: (error) => finished.push({ index, error, target }) });
			return memory;
		});
		const { outcome, sent } = converse(receiveReplies(address, table, structured), Buffer.concat(replies));
		const guards = memories.flatMap((memory) => [...memory.subarray(0, 8), ...memory.subarray(-8)]);
		return { outcome, sent, finished, guards };
	}
});

/** Turns good bytes into bad ones: bytes replaced, cut out, put in. */
const noise = fc
	.array(
		fc.record({
			at: fc.nat(400),
			remove: fc.nat(3),
			insert: fc.uint8Array({ maxLength: 3 }),
		}),
		{ maxLength: 4 },
	)
	.map((changes) => (bytes: Buffer) => {
		let changed = bytes;
		for (const { at, remove, insert } of changes) {
			changed = Buffer.concat([changed.subarray(0, at), insert, changed.subarray(at + remove)]);
		}
		return changed;
	});

type Outcome<Result> = "hungry" | { result: Result } | { error: NetherdError | NbdProtocolError };

/** Feeds a conversation; any error that is not of the two allowed classes is thrown on. */
function converse<Result>(
	conversation: Conversation<Result>,
	stream: Buffer,
): { outcome: Outcome<Result>; sent: Buffer; unreadBytes: number } {
	const sent: Uint8Array[] = [];
	let position = 0;
	const end = (outcome: Outcome<Result>) => ({
		outcome,
		sent: Buffer.concat(sent),
		unreadBytes: stream.length - position,
	});
	try {
		for (;;) {
			const { done, value } = conversation.next();
			if (done) return end({ result: value });
			if ("send" in value) {
				sent.push(value.send);
			} else {
				if (position + value.receive.length > stream.length) return end("hungry");
				value.receive.set(stream.subarray(position, position + value.receive.length));
				position += value.receive.length;
			}
		}
	} catch (error) {
		if (!(error instanceof NetherdError || error instanceof NbdProtocolError)) throw error;
		return end({ error });
	}
}

/** @param code Of a NetherdError, or "protocol" for the codec's error. */
function expectFailure({ outcome }: { outcome: Outcome<unknown> }, code: string, message: string): void {
	if (outcome === "hungry" || "result" in outcome) throw new Error(`no failure: ${JSON.stringify(outcome)}`);
	expect(outcome.error instanceof NetherdError ? outcome.error.code : "protocol").toBe(code);
	expect(outcome.error.message).toContain(message);
}
