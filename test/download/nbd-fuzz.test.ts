import fc from "fast-check";
import { expect, test } from "vitest";
import { NbdProtocolError } from "../../agent/download/nbd-codec.ts";
import { handshake } from "../../agent/download/nbd-handshake.ts";
import {
	decodeExportFacts,
	decodeGreeting,
	decodeInfo,
	decodeListedExport,
	decodeOptionReplyHeader,
	isPasswordMagic,
} from "../../agent/download/nbd-handshake-codec.ts";
import {
	decodeContentOffset,
	decodeErrorChunk,
	decodeHoleSize,
	decodePayloadLength,
	decodeReplyHead,
} from "../../agent/download/nbd-transmission-codec.ts";
import { NetherdError } from "../../agent/errors.ts";
import { testContent } from "./support/content.ts";
import { address, converse, type Outcome, transmit } from "./support/nbd-conversation.ts";
import { serverMessage } from "./support/nbd-server-messages.ts";

/** Of each test. */
const runs = Number(process.env.NETHERD_FUZZ_RUNS ?? 50_000);

const content = testContent(1000);
const handle = (number: number) => Buffer.from([0, 0, 0, 0, 0, 0, 0, number]);

test("handshake: any bytes end in a result, an error of ours, or hunger for more", () => {
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
	// What a server says, so that the bytes behind it are reached, too.
	const beginnings = fc.constantFrom(
		[],
		[serverMessage.greeting(0)],
		[serverMessage.greeting()],
		[serverMessage.greeting(), serverMessage.optionReply(8, 1)],
		[serverMessage.greeting(), serverMessage.optionReply(8, 1), serverMessage.exportInfo(1000)],
	);
	const seen = new Map<string, number>();
	fc.assert(
		fc.property(beginnings, fc.array(pieces, { maxLength: 6 }), noise, (beginning, messages, change) => {
			count(seen, converse(handshake(address), change(Buffer.concat([...beginning, ...messages]))));
		}),
		{ numRuns: runs },
	);
	expectVariety(seen, ["result", "hungry", "protocol", "nbd.not-nbd", "nbd.unknown-export"]);
});

test("transmission: any bytes end in an error of ours or hunger, and data never leaves its target", () => {
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
	const seen = new Map<string, number>();
	fc.assert(
		fc.property(fc.boolean(), fc.array(reply, { maxLength: 8 }), noise, (structured, replies, change) => {
			const reads: [number, number][] = [
				[0, 100],
				[20, 60],
				[100, 1],
			];
			const conversation = transmit(structured, reads, [change(Buffer.concat(replies))]);
			const { finished, guards } = conversation;
			count(seen, conversation);
			if (finished.some(({ error }) => error === undefined)) seen.set("read", (seen.get("read") ?? 0) + 1);
			expect(finished.length).toBeLessThanOrEqual(reads.length);
			expect(guards.every((byte) => byte === 0xa5)).toBe(true);
		}),
		{ numRuns: runs },
	);
	expectVariety(seen, ["hungry", "protocol", "nbd.server-shutting-down", "read"]);
});

test("every decoder takes any bytes, of any length, or throws its error", () => {
	const decoders: readonly ((bytes: Uint8Array) => unknown)[] = [
		isPasswordMagic,
		decodeGreeting,
		decodeOptionReplyHeader,
		decodeListedExport,
		decodeInfo,
		decodeExportFacts,
		decodeReplyHead,
		decodePayloadLength,
		decodeContentOffset,
		decodeHoleSize,
		decodeErrorChunk,
	];
	let accepted = 0;
	fc.assert(
		fc.property(fc.constantFrom(...decoders), fc.uint8Array({ maxLength: 40 }), (decode, bytes) => {
			try {
				decode(bytes);
				accepted += 1;
			} catch (error) {
				if (!(error instanceof NbdProtocolError)) throw error;
			}
		}),
		{ numRuns: runs },
	);
	expect(accepted).toBeGreaterThan(runs / 100);
});

/** Counts conversations by their outcome. */
function count(seen: Map<string, number>, { outcome }: { outcome: Outcome<unknown> }): void {
	const error = typeof outcome === "object" && "error" in outcome ? outcome.error : undefined;
	const code = error instanceof NetherdError ? error.code : error === undefined ? undefined : "protocol";
	const name = code ?? (outcome === "hungry" ? outcome : "result");
	seen.set(name, (seen.get(name) ?? 0) + 1);
}

/** Random bytes that all end the same way would show nothing. */
function expectVariety(seen: ReadonlyMap<string, number>, names: readonly string[]): void {
	const rare = names.filter((name) => (seen.get(name) ?? 0) < runs / 200);
	expect(rare, JSON.stringify(Object.fromEntries(seen))).toEqual([]);
}

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
