import { expect, test } from "vitest";
import { RequestTable } from "../../agent/download/nbd-transmission.ts";
import { testContent } from "./support/content.ts";
import { expectFailure, transmit } from "./support/nbd-conversation.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";

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
