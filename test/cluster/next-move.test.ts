import { describe, expect, test } from "vitest";
import { pauseBeforeAttempt, usualPatience } from "../../agent/cluster/backoff.ts";
import type { JoinFailure } from "../../agent/cluster/failure.ts";
import { nextMove, type Situation } from "../../agent/cluster/next-move.ts";

const temporary: JoinFailure = {
	code: "join.api-silent",
	message: "the API server does not answer",
	hint: "wait",
	isPermanent: false,
	concerns: "endpoint",
	pace: "soon",
};
const ofEndpoint: JoinFailure = {
	...temporary,
	code: "join.ca-mismatch",
	message: "another CA",
	isPermanent: true,
};
const ofNode: JoinFailure = {
	...ofEndpoint,
	code: "join.preflight-failed",
	message: "Swap",
	concerns: "node",
};

const atStart: Situation = {
	hasJoined: false,
	leftovers: [],
	mayFinishAlone: false,
	graceMs: 0,
	hasPaused: false,
	permanent: [undefined],
	elapsedMs: 0,
};
const bootstrap = ["/etc/kubernetes/bootstrap-kubelet.conf"];
const limits = { graceMs: 30_000 };

test.each<[string, Partial<Situation>, string]>([
	["a clean machine", {}, "attempt"],
	["one that has joined", { hasJoined: true }, "look after the node"],
	[
		"one that has joined although kubeadm says that it can't",
		{ hasJoined: true, failure: ofNode, permanent: [ofNode] },
		"look after the node",
	],
	["files of an earlier life", { leftovers: ["/etc/kubernetes/pki/ca.crt"] }, "reset"],
	["a kubelet that may finish", { leftovers: bootstrap, mayFinishAlone: true }, "wait for the kubelet"],
	["one that had its time", { leftovers: bootstrap, mayFinishAlone: true, graceMs: 30_000 }, "reset"],
	["a failure just now", { failure: temporary }, "pause"],
	["a failure that has been waited for", { failure: temporary, hasPaused: true }, "attempt"],
	["a pause comes before a reset", { failure: temporary, leftovers: bootstrap }, "pause"],
	[
		"kubeadm sees leftovers that we don't",
		{ failure: { ...temporary, code: "join.node-not-clean" }, hasPaused: true },
		"reset",
	],
	["a failure of the machine itself", { failure: ofNode, permanent: [ofNode, undefined] }, "give up"],
	["the only endpoint is wrong", { failure: ofEndpoint, permanent: [ofEndpoint] }, "give up"],
	["one of two endpoints is wrong", { failure: ofEndpoint, permanent: [ofEndpoint, undefined] }, "pause"],
	["both are", { failure: ofEndpoint, permanent: [ofEndpoint, ofEndpoint] }, "give up"],
])("%s", (_, situation, move) => {
	expect(nextMove({ ...atStart, ...situation }, limits).kind).toBe(move);
});

describe("KUBEADM_JOIN_TIMEOUT", () => {
	const late = { ...atStart, elapsedMs: 600_000, failure: temporary };

	test("ends it with what was in the way", () => {
		expect(nextMove(late, { ...limits, timeoutMs: 600_000 })).toMatchObject({
			kind: "give up",
			failure: {
				code: "join.timeout",
				message: expect.stringMatching(/600 s: the API server does not answer/),
			},
		});
	});

	test("does not end a join that has worked", () => {
		expect(nextMove({ ...late, hasJoined: true }, { ...limits, timeoutMs: 1 }).kind).toBe(
			"look after the node",
		);
	});

	test("without it there is no end", () => {
		expect(nextMove({ ...late, elapsedMs: Number.MAX_SAFE_INTEGER, hasPaused: true }, limits).kind).toBe(
			"attempt",
		);
	});
});

describe("pauses", () => {
	const pause = (failures: number, random: number, pace: "soon" | "growing") =>
		pauseBeforeAttempt(pace, failures, random, usualPatience);

	test("double from 5 s up to the longest of their pace", () => {
		expect([1, 2, 3, 4, 5, 6, 1000].map((failures) => pause(failures, 0.5, "growing"))).toEqual([
			5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000,
		]);
		expect(pause(1000, 0.5, "soon")).toBe(15_000);
	});

	test("are spread by a quarter", () => {
		expect([pause(5, 0, "growing"), pause(5, 1, "growing")]).toEqual([45_000, 75_000]);
	});
});
