import { describe, expect, test } from "vitest";
import type { Action } from "../../agent/plan/action.ts";
import { checkPlan } from "../../agent/plan/check.ts";

const plan = (...actions: Action[]) => ({
	name: "init",
	steps: [{ name: "10-test", onFailure: "abort" as const, actions }],
});
const putFile = (path: string): Action => ({ kind: "putFile", path, mode: "0644", content: "" });
const mount = (where: string): Action => ({
	kind: "spawn",
	argv: ["mount", "-t", "tmpfs", "tmpfs", where],
	timeoutMs: 1000,
});
const makeDirectory = (path: string): Action => ({ kind: "makeDirectory", path, mode: "0755" });
const fetchTo = (destination: string): Action => ({
	kind: "fetchImage",
	sources: [],
	use: "in-order",
	destination,
	sizeBytes: 1,
	chunkSizeBytes: 1,
	chunks: [],
	stallTimeoutMs: 1,
	totalTimeoutMs: 1,
});

const joinWith = (...files: string[]): Action => ({
	kind: "joinCluster",
	attempts: files.map((configuration) => ({ endpoint: "192.0.2.5:6443", configuration })),
	caCertHashes: [],
	token: { from: "configuration" },
	nodeName: "n1",
	criSockets: ["/run/containerd/containerd.sock"],
	labels: {},
	taints: [],
	attemptTimeoutMs: 1,
});

describe("a plan that means what it says passes", () => {
	test.each([
		["nothing", plan()],
		["a file in a new folder", plan(makeDirectory("/a"), putFile("/a/b"))],
		["a mount, then a file in it", plan(makeDirectory("/a"), mount("/a"), putFile("/a/b"))],
		["an image into a mounted tmpfs", plan(mount("/run/image"), fetchTo("/run/image/x"))],
		["the same file twice", plan(putFile("/a"), putFile("/a"))],
		["a join with a file that is there", plan(putFile("/a.json"), joinWith("/a.json"))],
		["a look at a node that has joined", plan(joinWith())],
	])("%s", (_, good) => {
		expect(() => checkPlan(good)).not.toThrow();
	});
});

describe("a plan that can't is refused, with step and action", () => {
	test.each([
		["a file that a later mount hides", plan(putFile("/a/b"), mount("/a")), /it hides \/a\/b/],
		["a way out", plan(putFile("/a/../../etc/passwd")), /has \.\./],
		["a relative path", plan(makeDirectory("etc")), /not absolute/],
		[
			"an image to where nothing is mounted",
			plan(makeDirectory("/run/image"), fetchTo("/run/image/x")),
			/nothing is mounted/,
		],
		["a join without its file", plan(putFile("/a.json"), joinWith("/a.json", "/b.json")), /wrote \/b\.json/],
		["a file below a file", plan(putFile("/a"), putFile("/a/b")), /\/a is a file by then/],
		["a file in the place of a folder", plan(makeDirectory("/a"), putFile("/a")), /there is a folder/],
		["a folder in the place of a file", plan(putFile("/a"), makeDirectory("/a")), /there is a file/],
	])("%s", (_, bad, message) => {
		expect(() => checkPlan(bad)).toThrow(
			expect.objectContaining({ code: "plan.impossible", message: expect.stringMatching(message) }),
		);
		expect(() => checkPlan(bad)).toThrow(/init\/10-test/);
	});
});
