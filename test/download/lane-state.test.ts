import { describe, expect, test } from "vitest";
import { LaneState, mayFetch } from "../../agent/download/lane-state.ts";
import { withRetryAfter } from "../../agent/download/source-failure.ts";
import { NetherdError } from "../../agent/errors.ts";

const error = (code: string) => new NetherdError(code, `${code} happened`, { hint: "none" });
const lost = error("nbd.connection-lost");
const odd = error("nbd.protocol-violation");

describe("a source that failed", () => {
	test("is set aside for a while", () => {
		const lane = new LaneState(() => 0);
		expect(lane.failed(lost, 1000)).toBe(250);
		expect([lane.phase, lane.waitMs(1000), lane.waitMs(1249), lane.waitMs(2000)]).toEqual([
			"aside",
			250,
			1,
			0,
		]);
	});

	test("waits twice as long each time, up to ten seconds, with jitter between half and whole", () => {
		const least = new LaneState(() => 0);
		const most = new LaneState(() => 0.999_999);
		const delays = Array.from({ length: 7 }, () => [least.failed(lost, 0), most.failed(lost, 0)]);
		expect(delays).toEqual([
			[250, 500],
			[500, 1000],
			[1000, 2000],
			[2000, 4000],
			[4000, 8000],
			[5000, 10_000],
			[5000, 10_000],
		]);
		least.succeeded();
		expect(least.failed(lost, 0)).toBe(250);
	});

	test("after wrong data waits longer each time, whatever it brings in between", () => {
		const lane = new LaneState(() => 0);
		const delays = Array.from({ length: 7 }, () => {
			const delay = lane.failed(error("image.chunk-corrupt"), 0);
			lane.succeeded();
			return delay;
		});
		expect(delays).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
		expect(lane.failed(lost, 0)).toBe(250);
	});

	test("waits as long as its server wants, and no longer than two minutes and a quarter", () => {
		const busy = (ms: number) => withRetryAfter(error("nbd.connection-lost"), ms);
		expect(new LaneState(() => 0).failed(busy(7000), 0)).toBe(7000);
		expect(new LaneState(() => 0.5).failed(busy(8000), 0)).toBe(9000);
		expect(new LaneState(() => 0).failed(busy(1), 0)).toBe(250);
		expect(new LaneState(() => 1).failed(busy(1e12), 0)).toBe(150_000);
	});

	test("is out for wrong configuration, and when its caller says so", () => {
		const lane = new LaneState();
		expect(lane.failed(error("nbd.unknown-export"), 0)).toBeUndefined();
		expect(lane.phase).toBe("out");
		expect(new LaneState().failed(lost, 0, true)).toBeUndefined();
	});

	test("is out after five odd failures in a row; a good chunk forgives them", () => {
		for (const failure of [odd, new TypeError("bug")]) {
			const lane = new LaneState();
			for (let time = 0; time < 4; time++) expect(lane.failed(failure, 0)).toBeDefined();
			lane.succeeded();
			for (let time = 0; time < 4; time++) expect(lane.failed(failure, 0)).toBeDefined();
			expect(lane.failed(failure, 0)).toBeUndefined();
			expect(lane.lastError).toBe(failure);
		}
	});

	test("is never out for lost connections", () => {
		const lane = new LaneState();
		for (let time = 0; time < 1000; time++) expect(lane.failed(lost, 0)).toBeDefined();
	});

	test("remembers each chunk that it failed to give", () => {
		const lane = new LaneState();
		expect([lane.failedChunk(7), lane.failedChunk(8), lane.failedChunk(7)]).toEqual([1, 1, 2]);
		expect([lane.hasFailedChunk(7), lane.hasFailedChunk(9)]).toEqual([true, false]);
	});
});

describe("in order: the second one fetches", () => {
	const pair = () => [new LaneState(() => 0), new LaneState(() => 0)] as const;
	const secondMayFetch = (lanes: readonly LaneState[], nowMs: number) =>
		mayFetch(lanes, 1, "in-order", nowMs);

	test("not while the first one is new, and then not while it brings bytes", () => {
		const [first, second] = pair();
		const lanes = [first, second];
		first.connecting(0);
		expect(secondMayFetch(lanes, 2999)).toBe(false);
		expect(secondMayFetch(lanes, 3000)).toBe(true);
		first.opened();
		first.received(65_535, 3000);
		expect(secondMayFetch(lanes, 3000)).toBe(true);
		first.received(1, 3000);
		expect(secondMayFetch(lanes, 3000)).toBe(false);
		expect(mayFetch(lanes, 0, "in-order", 3000)).toBe(true);
	});

	test("while the first one is set aside, and until it has given a good chunk again", () => {
		const [first, second] = pair();
		const lanes = [first, second];
		first.connecting(0);
		first.opened();
		first.received(100_000, 10);
		first.failed(lost, 20);
		expect(secondMayFetch(lanes, 20)).toBe(true);
		first.connecting(300);
		first.opened();
		first.received(100_000, 310);
		expect(secondMayFetch(lanes, 310)).toBe(true);
		first.succeeded();
		expect(secondMayFetch(lanes, 310)).toBe(false);
	});

	test("while the first one has brought nothing for five seconds", () => {
		const [first, second] = pair();
		first.connecting(0);
		first.opened();
		first.received(100_000, 10);
		expect(secondMayFetch([first, second], 5009)).toBe(false);
		expect(secondMayFetch([first, second], 5010)).toBe(true);
		first.asked(5010);
		expect(secondMayFetch([first, second], 5011)).toBe(false);
	});

	test("when the first one is out", () => {
		const [first, second] = pair();
		first.failed(error("nbd.not-nbd"), 0);
		expect(secondMayFetch([first, second], 0)).toBe(true);
	});
});

test("together: everyone may fetch", () => {
	const lanes = [new LaneState(), new LaneState()];
	lanes[0]?.connecting(0);
	expect(mayFetch(lanes, 1, "together", 0)).toBe(true);
});
