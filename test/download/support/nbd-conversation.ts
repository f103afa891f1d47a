import { expect } from "vitest";
import { NbdProtocolError } from "../../../agent/download/nbd-codec.ts";
import type { NbdAddress } from "../../../agent/download/nbd-errors.ts";
import type { Conversation } from "../../../agent/download/nbd-handshake.ts";
import { RequestTable, receiveReplies } from "../../../agent/download/nbd-transmission.ts";
import { NetherdError } from "../../../agent/errors.ts";

export const address: NbdAddress = { host: "192.0.2.1", port: 10809, exportName: "node" };

export type Outcome<Result> = "hungry" | { result: Result } | { error: NetherdError | NbdProtocolError };

/** Feeds a conversation; any error that is not of the two allowed classes is thrown on. */
export function converse<Result>(
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

/** Asks for ranges (offset, length) and lets the server's bytes in. */
export function transmit(structured: boolean, reads: [number, number][], replies: Buffer[]) {
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

/** @param code Of a NetherdError, or "protocol" for the codec's error. */
export function expectFailure(
	{ outcome }: { outcome: Outcome<unknown> },
	code: string,
	message: string,
): void {
	if (outcome === "hungry" || "result" in outcome) throw new Error(`no failure: ${JSON.stringify(outcome)}`);
	expect(outcome.error instanceof NetherdError ? outcome.error.code : "protocol").toBe(code);
	expect(outcome.error.message).toContain(message);
}
