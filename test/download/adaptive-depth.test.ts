import { expect, test } from "vitest";
import { AdaptiveDepth } from "../../agent/download/adaptive-depth.ts";

const options = { start: 4, maximum: 64, windowMs: 10, windowBytes: 100, worthwhileGain: 1.1 };

/** Lets bytes arrive every millisecond, as many as the network gives at the depth of the moment. */
function run(
	adaptive: AdaptiveDepth,
	durationMs: number,
	bytesPerMs: (depth: number) => number,
	startMs = 0,
) {
	const depths = new Set<number>();
	for (let nowMs = startMs; nowMs < startMs + durationMs; nowMs++) {
		adaptive.received(bytesPerMs(adaptive.depth), nowMs);
		depths.add(adaptive.depth);
	}
	return [...depths];
}

test("grows while the rate grows with it, and stays where it stops", () => {
	const adaptive = new AdaptiveDepth(options);
	expect(run(adaptive, 300, (depth) => Math.min(depth, 16) * 1000)).toEqual([4, 8, 16, 32]);
	expect(adaptive.depth).toBe(16);
});

test("stays small on a network that a small depth fills", () => {
	const adaptive = new AdaptiveDepth(options);
	run(adaptive, 100, () => 1000);
	expect(adaptive.depth).toBe(4);
});

test("never exceeds its maximum", () => {
	const adaptive = new AdaptiveDepth({ ...options, maximum: 10 });
	expect(run(adaptive, 1000, (depth) => depth * 1000)).toEqual([4, 8, 10]);
	expect(new AdaptiveDepth({ ...options, maximum: 0 }).depth).toBe(1);
});

test("tries again when the network has become better", () => {
	const adaptive = new AdaptiveDepth(options);
	run(adaptive, 1000, () => 1000);
	expect(adaptive.depth).toBe(4);
	run(adaptive, 4000, (depth) => depth * 1000, 1000);
	expect(adaptive.depth).toBe(64);
});

test("tries less and less often when trying never pays", () => {
	const adaptive = new AdaptiveDepth(options);
	let trials = 0;
	let last = adaptive.depth;
	for (let nowMs = 0; nowMs < 20_000; nowMs++) {
		adaptive.received(1000, nowMs);
		if (adaptive.depth > last) trials += 1;
		last = adaptive.depth;
	}
	expect(trials).toBeGreaterThan(3);
	expect(trials).toBeLessThan(15);
});

test("a slow network is measured over as many bytes as say something", () => {
	const adaptive = new AdaptiveDepth(options);
	// 400 bytes a window at this depth: 400 ms.
	run(adaptive, 390, () => 1);
	expect(adaptive.depth).toBe(4);
	run(adaptive, 500, () => 1, 390);
	expect(adaptive.depth).toBe(8);
});

test("pauses are no part of a measurement", () => {
	const adaptive = new AdaptiveDepth(options);
	for (let nowMs = 0; nowMs < 10_000; nowMs += 5) {
		adaptive.received(1000, nowMs);
		adaptive.pause();
	}
	expect(adaptive.depth).toBe(4);
});

test("a limit that is found later", () => {
	const adaptive = new AdaptiveDepth(options);
	run(adaptive, 300, (depth) => depth * 1000);
	adaptive.limit(2);
	expect(adaptive.depth).toBe(2);
	run(adaptive, 300, (depth) => depth * 1000, 300);
	expect(adaptive.depth).toBe(2);
});
