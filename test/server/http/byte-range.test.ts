import fc from "fast-check";
import { expect, test } from "vitest";
import { parseByteRange } from "../../../server/http/byte-range.ts";

test.each([
	["bytes=0-9", 100, { first: 0, last: 9 }],
	["bytes=90-", 100, { first: 90, last: 99 }],
	["bytes=90-200", 100, { first: 90, last: 99 }],
	["bytes=-10", 100, { first: 90, last: 99 }],
	["bytes=-200", 100, { first: 0, last: 99 }],
	["bytes=99-99", 100, { first: 99, last: 99 }],
	[" bytes=0-0 ", 1, { first: 0, last: 0 }],
	["bytes=100-", 100, "unsatisfiable"],
	["bytes=-0", 100, "unsatisfiable"],
	["bytes=0-", 0, "unsatisfiable"],
	["bytes=9-5", 100, "whole"],
	["bytes=0-1,5-6", 100, "whole"],
	["bytes=-", 100, "whole"],
	["bytes=a-b", 100, "whole"],
	["lines=0-1", 100, "whole"],
	["", 100, "whole"],
	[undefined, 100, "whole"],
])("%j of %i bytes is %j", (header, size, range) => {
	expect(parseByteRange(header, size)).toEqual(range);
});

test("a range is never beyond the file", () => {
	fc.assert(
		fc.property(fc.nat(), fc.option(fc.nat()), fc.nat({ max: 1000 }), (first, last, size) => {
			const range = parseByteRange(`bytes=${first}-${last ?? ""}`, size);
			if (typeof range === "string") return;
			expect(range.first).toBeLessThanOrEqual(range.last);
			expect(range.last).toBeLessThan(size);
		}),
	);
});
