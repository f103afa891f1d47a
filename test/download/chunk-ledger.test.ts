import { expect, test } from "vitest";
import { type Chunk, ChunkLedger } from "../../agent/download/chunk-ledger.ts";

const hashes = ["0", "1", "2"].map((digit) => digit.repeat(64));

test("chunks come in order, the last one shorter", () => {
	const ledger = new ChunkLedger(25, 10, hashes);
	expect([ledger.take(), ledger.take(), ledger.take(), ledger.take()]).toEqual([
		{ index: 0, offsetBytes: 0, lengthBytes: 10, sha256: hashes[0] },
		{ index: 1, offsetBytes: 10, lengthBytes: 10, sha256: hashes[1] },
		{ index: 2, offsetBytes: 20, lengthBytes: 5, sha256: hashes[2] },
		undefined,
	]);
});

test("complete when every chunk is done, not when every chunk is taken", () => {
	const ledger = new ChunkLedger(25, 10, hashes);
	const [first, second, third] = [take(ledger), take(ledger), take(ledger)];
	ledger.markDone(first);
	ledger.markDone(third);
	expect([ledger.isComplete, ledger.doneBytes]).toEqual([false, 15]);
	ledger.markDone(second);
	expect([ledger.isComplete, ledger.doneBytes]).toEqual([true, 25]);
});

test("a chunk that comes back is next", () => {
	const ledger = new ChunkLedger(25, 10, hashes);
	const chunk = take(ledger);
	ledger.giveBack(chunk);
	expect(take(ledger)).toEqual(chunk);
	expect(take(ledger).index).toBe(1);
});

test("a chunk that came back can be refused; others are given instead", () => {
	const ledger = new ChunkLedger(25, 10, hashes);
	ledger.giveBack(take(ledger));
	expect(ledger.take((index) => index !== 0)?.index).toBe(1);
	expect(ledger.take()?.index).toBe(0);
});

test("two race for a chunk: it is missing when both have failed, done when one has it", () => {
	const ledger = new ChunkLedger(20, 10, []);
	const first = take(ledger);
	ledger.takeToo(first);
	expect(ledger.holders(first)).toBe(2);
	ledger.giveBack(first);
	const second = take(ledger);
	expect([second.index, ledger.take()]).toEqual([1, undefined]);
	ledger.giveBack(first);
	expect(take(ledger)).toEqual(first);
	ledger.takeToo(second);
	ledger.markDone(second);
	ledger.giveBack(second);
	expect([ledger.isDone(second), ledger.take(), ledger.doneBytes]).toEqual([true, undefined, 10]);
	ledger.takeToo(first);
	ledger.markDone(first);
	ledger.markDone(first);
	expect([ledger.isComplete, ledger.doneBytes, ledger.holders(first)]).toEqual([true, 20, 0]);
});

test("without hashes nothing is to verify", () => {
	expect(take(new ChunkLedger(25, 10, [])).sha256).toBeUndefined();
});

test("an empty image is complete", () => {
	const ledger = new ChunkLedger(0, 10, []);
	expect([ledger.isComplete, ledger.take()]).toEqual([true, undefined]);
});

test.each([
	[25, 10, hashes.slice(1)],
	[-1, 10, []],
	[0.5, 10, []],
	[25, 0, []],
])(
	"size %d, chunk size %d and hashes %j are a mistake of the caller",
	(sizeBytes, chunkSizeBytes, chunks) => {
		expect(() => new ChunkLedger(sizeBytes, chunkSizeBytes, chunks)).toThrow(RangeError);
	},
);

function take(ledger: ChunkLedger): Chunk {
	const chunk = ledger.take();
	if (chunk === undefined) throw new Error("no chunk left");
	return chunk;
}
