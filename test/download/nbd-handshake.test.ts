import { expect, test } from "vitest";
import { connectionLost } from "../../agent/download/nbd-errors.ts";
import { handshake, type NegotiatedExport } from "../../agent/download/nbd-handshake.ts";
import { address, converse, expectFailure } from "./support/nbd-conversation.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";

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
	const stream = Buffer.concat([serverMessage.greeting(0), serverMessage.exportName(77), Buffer.alloc(124)]);
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
