import { expect, test } from "vitest";
import { sourceDateEpoch } from "../../image/build-time.ts";

test("SOURCE_DATE_EPOCH is seconds since 1970, or not set", () => {
	expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "1750000000" })).toBe(1_750_000_000);
	expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "0" })).toBe(0);
	expect(sourceDateEpoch({ SOURCE_DATE_EPOCH: "" })).toBe(undefined);
	expect(sourceDateEpoch({})).toBe(undefined);
});

test.each(["yesterday", "-1", "1.5", "99999999999"])("%s is refused", (text) => {
	expect(() => sourceDateEpoch({ SOURCE_DATE_EPOCH: text })).toThrow(
		expect.objectContaining({ code: "image.bad-source-date-epoch", message: expect.stringContaining(text) }),
	);
});
