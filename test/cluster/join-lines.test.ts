import { describe, expect, test } from "vitest";
import type { JoinFailure } from "../../agent/cluster/failure.ts";
import type { JoinEvent } from "../../agent/cluster/join-event.ts";
import { joinLines } from "../../agent/cluster/join-lines.ts";
import { type JoinState, nextState } from "../../agent/cluster/join-state.ts";

const waiting = (reason: string): JoinEvent => ({ event: "join-waiting", for: "API server", reason });
const refused = waiting("10.9.0.20:6443: connection refused");
const failure: JoinFailure = {
	code: "join.token-unknown",
	message: "the cluster does not know the token",
	hint: "make a new one",
	isPermanent: false,
	concerns: "endpoint",
	pace: "growing",
	evidence: "could not find a JWS signature",
};

describe("lines for people", () => {
	test("a reason comes at once, and again ever more seldom", () => {
		const lines = joinLines();
		const told = Array.from({ length: 3600 }, (_, second) =>
			lines(refused, second * 1000).length > 0 ? second : -1,
		);
		expect(told.filter((second) => second >= 0)).toEqual([0, 30, 60, 120, 300, 600, 1200, 1800, 2400, 3000]);
	});

	test("another reason comes at once", () => {
		const lines = joinLines();
		lines(refused, 0);
		expect(lines(waiting("10.9.0.20:6443: it says 500: not ready yet"), 1000)).toEqual([
			{ level: "info", line: "join: waiting for the API server: 10.9.0.20:6443: it says 500: not ready yet" },
		]);
	});

	test("what was waited for is told when it is there; without a wait it is not", () => {
		const found: JoinEvent = {
			event: "join-found",
			for: "API server",
			what: "the API server at x answers",
			waitedMs: 61_000,
		};
		const lines = joinLines();
		expect(lines(found, 0)).toEqual([]);
		lines(refused, 0);
		expect(lines(found, 61_000)).toEqual([
			{ level: "info", line: "join: the API server at x answers after 1 min 01 s" },
		]);
	});

	test("a failure has its code, the next attempt and what to do in one line", () => {
		const event: JoinEvent = {
			event: "join-failed",
			attempt: 3,
			failure,
			durationMs: 23_000,
			nextAttemptInMs: 12_345,
		};
		expect(joinLines()(event, 0)).toEqual([
			{
				level: "warn",
				line: "join: attempt 3 failed: the cluster does not know the token [join.token-unknown]; next attempt in 13 s. What to do: make a new one",
			},
		]);
	});

	test("the same failure again is told without what to do, another one with it", () => {
		const lines = joinLines();
		const event = (failed: JoinFailure): JoinEvent => ({
			event: "join-failed",
			attempt: 3,
			failure: failed,
			durationMs: 23_000,
			nextAttemptInMs: 12_345,
		});
		lines(event(failure), 0);
		expect(lines(event(failure), 0)[0]?.line).toBe(
			"join: attempt 3 failed as the one before: the cluster does not know the token [join.token-unknown]; next attempt in 13 s",
		);
		expect(lines(event({ ...failure, code: "join.api-silent" }), 0)[0]?.line).toContain(
			"What to do: make a new one",
		);
	});

	test("a node that has joined, and why it is not Ready", () => {
		const event: JoinEvent = { event: "join-waiting", for: "Ready", reason: "cni plugin not initialized" };
		expect(joinLines()(event, 0)[0]?.line).toBe(
			"join: waiting until the node is Ready: cni plugin not initialized",
		);
	});

	test("a machine that has joined already says so once", () => {
		const lines = joinLines();
		const told = [
			...lines({ event: "join-started", nodeName: "node7", endpoints: [] }, 0),
			...lines({ event: "joined", attempts: 0, durationMs: 3, how: "before" }, 3),
		];
		expect(told.map(({ line }) => line)).toEqual([
			"join: this machine has joined already: nothing to do but to wait until it is Ready",
		]);
	});

	test("each difference comes with its command", () => {
		const differences = [
			{ what: "taint a:NoSchedule is not there", command: "kubectl taint node n a:NoSchedule" },
		];
		expect(joinLines()({ event: "node-differs", differences }, 0).map(({ line }) => line)).toEqual([
			"join: taint a:NoSchedule is not there. The node may not change that itself; run: kubectl taint node n a:NoSchedule",
		]);
	});
});

describe("the state", () => {
	function after(...events: JoinEvent[]): JoinState {
		let state: JoinState | undefined;
		for (const [index, event] of events.entries()) {
			state = nextState(state, event, { timeMs: index * 1000, elapsedMs: index * 1000 });
		}
		if (state === undefined) throw new Error("no event");
		return state;
	}
	const started: JoinEvent = { event: "join-started", nodeName: "node7", endpoints: ["10.9.0.20:6443"] };
	const attempt: JoinEvent = { event: "join-attempt", attempt: 1, endpoint: "10.9.0.20:6443" };
	const failed: JoinEvent = {
		event: "join-failed",
		attempt: 1,
		failure,
		durationMs: 23_000,
		nextAttemptInMs: 5_000,
	};

	test("while it waits", () => {
		expect(after(started, refused)).toMatchObject({
			state: "waiting",
			nodeName: "node7",
			doing: "waits for the API server: 10.9.0.20:6443: connection refused",
			attempts: 0,
			startedAt: "1970-01-01T00:00:00.000Z",
			changedAt: "1970-01-01T00:00:01.000Z",
		});
	});

	test("between attempts it knows the last failure and when the next one comes", () => {
		expect(after(started, attempt, failed)).toMatchObject({
			state: "pausing",
			attempts: 1,
			nextAttemptAt: "1970-01-01T00:00:07.000Z",
			lastFailure: { code: "join.token-unknown", evidence: "could not find a JWS signature" },
			spentMs: { kubeadm: 23_000 },
		});
	});

	test("the next attempt takes that time back", () => {
		expect(after(started, attempt, failed, attempt).nextAttemptAt).toBeUndefined();
	});

	test("Ready, with where the time went and what differs", () => {
		const done = after(
			started,
			{ event: "join-found", for: "container runtime", what: "containerd", waitedMs: 2_000 },
			{ event: "join-found", for: "API server", what: "the API server", waitedMs: 3_000 },
			attempt,
			{ event: "joined", attempts: 1, durationMs: 24_000, how: "kubeadm" },
			{ event: "node-ready", waitedMs: 8_000 },
			{ event: "node-differs", differences: [{ what: "w", command: "c" }] },
		);
		expect(done).toMatchObject({
			state: "ready",
			doing: "the node is Ready",
			readyAt: "1970-01-01T00:00:05.000Z",
			differences: [{ what: "w", command: "c" }],
			spentMs: { runtime: 2_000, apiServer: 3_000, untilReady: 8_000, total: 6_000 },
		});
	});

	test("a new run of the unit begins anew", () => {
		expect(after(started, attempt, failed, started)).toMatchObject({ state: "waiting", attempts: 0 });
	});
});
