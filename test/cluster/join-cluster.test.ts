import { describe, expect, test } from "vitest";
import { clusterOfTest, failing } from "./support/cluster.ts";
import { textOf } from "./support/kubeadm-texts.ts";
import { nodeName, step } from "./support/node.ts";

const cluster = clusterOfTest();

describe("a join that works", () => {
	test("one attempt, then Ready; the token is nowhere but in the file for root", async () => {
		await cluster.prepare(step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story).toEqual(["join-started", "join-attempt", "joined", "node-ready"]);
		expect(cluster.node.calls).toEqual(["join --config /run/netherd/join/1.json"]);
		expect(cluster.node.read("/environment")).toMatch(
			/^(?:export (?:PATH|HOME|LC_ALL|PWD|OLDPWD)(?:='.*')?\n)+$/,
		);
		expect(cluster.node.tokenSightings()).toEqual([]);
		expect(cluster.node.log).toContain("kubeadm: This node has joined the cluster:");
	});

	test("what kubeadm prints of the token is hidden in the log", async () => {
		await cluster.prepare(step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.log.filter((line) => line.includes("{secret:join-token}"))).toHaveLength(1);
	});

	test("the node asks for its Node with the certificate that the kubelet got", async () => {
		await cluster.prepare(step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.api.requests).toContain(`GET /api/v1/nodes/${nodeName} (system:node:${nodeName})`);
	});
});

describe("what is tried again", () => {
	test.each([
		"join.api-refused",
		"join.api-silent",
		"join.token-unknown",
		"join.token-wrong",
		"join.clock-behind",
		"join.runtime-down",
		"join.api-error",
		"join.kubeadm-failed",
	])("%s, then it works", async (code) => {
		await cluster.prepare(failing(code), step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story).toEqual([
			"join-started",
			"join-attempt",
			`join-failed ${code}`,
			"join-attempt",
			"joined",
			"node-ready",
		]);
		expect(cluster.node.tokenSightings()).toEqual([]);
	});

	test.each(["join.name-ready", "join.kubelet-down"])(
		"%s, after kubeadm reset, because it leaves files",
		async (code) => {
			const late = step.failsLate(textOf(code).text);
			await cluster.prepare(late, late, step.joins);
			await cluster.node.join([cluster.api.endpoint]);
			expect(cluster.node.calls.map((call) => call.split(" ")[0])).toEqual([
				"join",
				"reset",
				"join",
				"reset",
				"join",
			]);
			expect(cluster.node.calls[1]).toBe("reset -f --cri-socket unix:///run/containerd/containerd.sock");
			expect(cluster.node.story.at(-1)).toBe("node-ready");
			expect(cluster.node.tokenSightings()).toEqual([]);
		},
	);

	test("the pauses grow and are told", async () => {
		const fails = failing("join.token-unknown");
		await cluster.prepare(fails, fails, fails, step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		const pauses = cluster.node.events.flatMap((event) =>
			event.event === "join-failed" ? [event.nextAttemptInMs ?? 0] : [],
		);
		expect(pauses).toHaveLength(3);
		for (const [index, longestMs] of [25, 50, 75].entries()) {
			expect(pauses[index]).toBeGreaterThan(0);
			expect(pauses[index]).toBeLessThanOrEqual(longestMs);
		}
	});

	test("kubeadm that does not end is ended", async () => {
		await cluster.prepare("exec sleep 1000", step.joins);
		await cluster.node.join([cluster.api.endpoint], { attemptTimeoutMs: 3_000 });
		expect(cluster.node.story).toContain("join-failed join.attempt-timeout");
		expect(cluster.node.story.at(-1)).toBe("node-ready");
	});

	test("a child that keeps kubeadm's output open does not hold up the join", async () => {
		await cluster.prepare(`sleep 10 & ${failing("join.api-silent")}`, step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story.at(-1)).toBe("node-ready");
	});

	test("where the kubelet says why it does not stay up, its words come along", async () => {
		await cluster.prepare(step.failsLate(textOf("join.kubelet-down").text), step.joins);
		const words = "E1121 06:00:00.000000 1 server.go:1] Failed to run kubelet: swap is on";
		cluster.node.write(
			"/usr/bin/journalctl",
			`#!/bin/sh\necho "$*" >>/journal-calls\necho "${words}"\necho Stopped.\n`,
			0o755,
		);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.read("/journal-calls")).toMatch(/^--unit kubelet\.service /);
		expect(cluster.node.events).toContainEqual(
			expect.objectContaining({
				failure: expect.objectContaining({
					code: "join.kubelet-down",
					evidence: `the kubelet says: ${words}`,
				}),
			}),
		);
	});

	test("files that were there before the first attempt are removed first", async () => {
		await cluster.prepare(step.joins);
		cluster.node.write("/etc/kubernetes/pki/ca.crt", "of an earlier life\n");
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.calls.map((call) => call.split(" ")[0])).toEqual(["reset", "join"]);
	});

	test("exit code 0 without credentials is no join", async () => {
		await cluster.prepare("exit 0", step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story).toContain("join-failed join.no-credentials");
		expect(cluster.node.story.at(-1)).toBe("node-ready");
	});
});

describe("what is not", () => {
	test.each([
		"join.ca-mismatch",
		"join.preflight-failed",
		"join.configuration-unsupported",
		"join.version-skew",
	])("%s ends the join and says what to do", async (code) => {
		await cluster.prepare(failing(code));
		await expect(cluster.node.join([cluster.api.endpoint])).rejects.toMatchObject({
			code,
			hint: expect.stringMatching(/.{20}/),
		});
		expect(cluster.node.story).toEqual([
			"join-started",
			"join-attempt",
			`join-failed ${code}`,
			"join-given-up",
		]);
		expect(cluster.node.tokenSightings()).toEqual([]);
	});

	test("a machine without kubeadm", async () => {
		await cluster.prepare();
		cluster.node.removeFile("/usr/bin/kubeadm");
		await expect(cluster.node.join([cluster.api.endpoint])).rejects.toMatchObject({
			code: "join.no-kubeadm",
		});
	});
});

describe("kubeadm that is killed", () => {
	test("early: its files go, and it is run again", async () => {
		await cluster.prepare(step.isKilled, step.joins);
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story).toEqual([
			"join-started",
			"join-attempt",
			"join-failed join.interrupted",
			"join-reset",
			"join-attempt",
			"joined",
			"node-ready",
		]);
		expect(cluster.node.tokenSightings()).toEqual([]);
	});

	test("late: the kubelet finishes alone, and nothing is reset", async () => {
		await cluster.prepare(step.isKilledLate);
		await cluster.node.join([cluster.api.endpoint], {}, { graceMs: 120_000 });
		expect(cluster.node.calls.map((call) => call.split(" ")[0])).toEqual(["join"]);
		expect(cluster.node.events).toContainEqual(expect.objectContaining({ event: "joined", how: "byItself" }));
		expect(cluster.node.story.at(-1)).toBe("node-ready");
		expect(cluster.node.tokenSightings()).toEqual([]);
	});
});

describe("a machine that has joined already", () => {
	test("runs no kubeadm", async () => {
		await cluster.prepare();
		cluster.node.becomeNode();
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.calls).toEqual([]);
		expect(cluster.node.events).toContainEqual(expect.objectContaining({ event: "joined", how: "before" }));
		expect(cluster.node.story).toEqual(["join-started", "joined", "node-ready"]);
	});

	test("with a certificate that has ended it has not: it joins anew", async () => {
		await cluster.prepare(step.joins);
		const { certificate } = cluster.authority;
		cluster.node.prepareCredentials(
			cluster.api.endpoint,
			certificate,
			cluster.authority.node(nodeName, -3, -1),
		);
		cluster.node.becomeNode();
		cluster.node.prepareCredentials(cluster.api.endpoint, certificate, cluster.authority.node(nodeName));
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.calls.map((call) => call.split(" ")[0])).toEqual(["reset", "join"]);
	});

	test("under another name is an error, and nothing is reset", async () => {
		await cluster.prepare();
		cluster.node.prepareCredentials(
			cluster.api.endpoint,
			cluster.authority.certificate,
			cluster.authority.node("other"),
		);
		cluster.node.becomeNode();
		await expect(cluster.node.join([cluster.api.endpoint])).rejects.toMatchObject({
			code: "join.other-name",
			message: expect.stringContaining('"other"'),
		});
		expect(cluster.node.calls).toEqual([]);
	});
});

test("the join is stopped in the middle of an attempt: kubeadm ends, and it says so", async () => {
	await cluster.prepare("exec sleep 1000");
	const joining = cluster.node.join([cluster.api.endpoint]);
	await cluster.node.until(() => cluster.node.calls.length > 0);
	cluster.node.controller.abort();
	await expect(joining).rejects.toMatchObject({ code: "join.stopped" });
	expect(cluster.node.story).toEqual(["join-started", "join-attempt", "join-interrupted"]);
});
