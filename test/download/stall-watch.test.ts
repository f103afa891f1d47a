import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StallWatch, stallFloorBytes } from "../../agent/download/stall-watch.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

/** A watch of ten seconds, and the times at which it found a stall. */
function watch() {
	const stalls: number[] = [];
	const startedMs = Date.now();
	const stallWatch = new StallWatch(10_000, () => stalls.push(Date.now() - startedMs));
	return { stallWatch, stalls };
}

test("silence: a stall when the limit is over, and only one", () => {
	const { stallWatch, stalls } = watch();
	stallWatch.start();
	vi.advanceTimersByTime(9_999);
	expect(stalls).toEqual([]);
	vi.advanceTimersByTime(100_000);
	expect(stalls).toEqual([10_000]);
});

test("nothing is asked for: nothing is waited for", () => {
	const { stallWatch, stalls } = watch();
	stallWatch.received(1);
	vi.advanceTimersByTime(100_000);
	expect(stalls).toEqual([]);
});

test("the floor within each limit is no stall; the limit begins anew each time", () => {
	const { stallWatch, stalls } = watch();
	stallWatch.start();
	for (let times = 0; times < 5; times++) {
		vi.advanceTimersByTime(9_000);
		stallWatch.received(stallFloorBytes);
	}
	vi.advanceTimersByTime(9_999);
	expect(stalls).toEqual([]);
	vi.advanceTimersByTime(1);
	expect(stalls).toEqual([55_000]);
});

test("a byte a second is a stall, and so is one byte less than the floor", () => {
	for (const [bytes, everyMs] of [
		[1, 1000],
		[(stallFloorBytes - 1) / 5, 2000],
	] as const) {
		const { stallWatch, stalls } = watch();
		stallWatch.start();
		for (let elapsedMs = everyMs; elapsedMs <= 10_000; elapsedMs += everyMs) {
			stallWatch.received(bytes);
			vi.advanceTimersByTime(everyMs);
		}
		expect(stalls).toEqual([10_000]);
	}
});

test("further requests do not prolong the limit", () => {
	const { stallWatch, stalls } = watch();
	for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 1000) {
		stallWatch.start();
		vi.advanceTimersByTime(elapsedMs < 10_000 ? 1000 : 0);
	}
	expect(stalls).toEqual([10_000]);
});

test("stopped, and started again: the limit and the count begin anew", () => {
	const { stallWatch, stalls } = watch();
	stallWatch.start();
	stallWatch.received(stallFloorBytes - 1);
	vi.advanceTimersByTime(9_000);
	stallWatch.stop();
	vi.advanceTimersByTime(100_000);
	expect(stalls).toEqual([]);
	stallWatch.start();
	vi.advanceTimersByTime(9_000);
	stallWatch.received(1);
	vi.advanceTimersByTime(1_000);
	expect(stalls).toEqual([119_000]);
});
