import { expect, test } from "vitest";
import { RateMeter } from "../../agent/download/rate-meter.ts";

test("the rate is that of the last five seconds", () => {
	const meter = new RateMeter();
	const rates: (number | undefined)[] = [];
	for (let elapsedMs = 1000; elapsedMs <= 12_000; elapsedMs += 1000) {
		// 100 bytes a second for five seconds, then 10.
		const fastMs = Math.min(elapsedMs, 5000);
		rates.push(meter.sample((fastMs * 100 + (elapsedMs - fastMs) * 10) / 1000, elapsedMs));
	}
	expect(rates).toEqual([100, 100, 100, 100, 100, 82, 64, 46, 28, 10, 10, 10]);
});

test("a rate is never negative, though a wrong chunk is taken back", () => {
	const meter = new RateMeter();
	meter.sample(8000, 1000);
	expect(meter.sample(4000, 2000)).toBe(0);
});

test("no time, no rate", () => {
	expect(new RateMeter().sample(0, 0)).toBeUndefined();
});
