import fc from "fast-check";
import { expect, test } from "vitest";
import { RangeSet } from "../../agent/download/range-set.ts";

test("behaves like a set of numbers", () => {
	const range = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 10 }));
	fc.assert(
		fc.property(fc.array(range, { maxLength: 30 }), range, (added, [askedStart, askedLength]) => {
			const ranges = new RangeSet();
			const numbers = new Set<number>();
			for (const [start, length] of added) {
				const all = Array.from({ length }, (_, index) => start + index);
				const isNew = all.every((number) => !numbers.has(number));
				expect(ranges.add(start, start + length)).toBe(isNew);
				if (isNew) for (const number of all) numbers.add(number);
			}
			const asked = Array.from({ length: askedLength }, (_, index) => askedStart + index);
			const isCovered = asked.every((number) => numbers.has(number));
			expect(ranges.covers(askedStart, askedStart + askedLength)).toBe(isCovered);
		}),
		{ numRuns: 2000 },
	);
});
