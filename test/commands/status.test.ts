import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JoinEvent } from "../../agent/cluster/join-event.ts";
import { type JoinState, nextState } from "../../agent/cluster/join-state.ts";
import { exitCodeOf, nodeStatus, type StageFiles } from "../../agent/commands/status/node-status.ts";
import { statusText } from "../../agent/commands/status/status-output.ts";
import { status } from "../../agent/commands/status.ts";
import type { JournalEntry } from "../../agent/host/stage-record.ts";
import type { Action } from "../../agent/plan/action.ts";
import { type StagePlan, serializePlans } from "../../agent/plan/plan.ts";

const action: Action = { kind: "removeFile", path: "/x" };
const planOf = (name: string, onFailure: "abort" | "warn" = "abort"): StagePlan => ({
	name,
	steps: [{ name: "10-first", onFailure, actions: [action, action] }],
});
const entry = (index: number, outcome: "done" | "failed" = "done"): JournalEntry => ({
	index,
	step: "10-first",
	outcome,
	durationMs: 3_050,
	...(outcome === "failed" ? { error: "no space left on device\nmore" } : {}),
	action,
});
const done = (name: StageFiles["name"]): StageFiles => ({
	name,
	plan: planOf(name),
	journal: [entry(1), entry(2)],
});
const booted = [done("initramfs"), done("init")];
const joinStage: StageFiles = { name: "join", plan: planOf("join"), journal: [entry(1)] };
const noJoin: StageFiles = { name: "join", journal: [] };

const started: JoinEvent = { event: "join-started", nodeName: "node7", endpoints: ["10.9.0.20:6443"] };
const waiting: JoinEvent = {
	event: "join-waiting",
	for: "API server",
	reason: "10.9.0.20:6443: connection refused",
};
const failed: JoinEvent = {
	event: "join-failed",
	attempt: 2,
	durationMs: 23_000,
	nextAttemptInMs: 10_000,
	failure: {
		code: "join.token-unknown",
		message: "the cluster does not know the token: it has ended",
		hint: "make a new token",
		isPermanent: false,
		concerns: "endpoint",
		pace: "growing",
		evidence: 'could not find a JWS signature for token ID "abcdef"',
	},
};
const attempt: JoinEvent = { event: "join-attempt", attempt: 2, endpoint: "10.9.0.20:6443" };
const ready: JoinEvent = { event: "node-ready", waitedMs: 8_000 };
const given: JoinEvent = {
	event: "join-given-up",
	failure: { ...failed.failure, isPermanent: true },
	attempts: 1,
};

/** One event every ten seconds, from 2026-11-21 05:00. */
const startMs = Date.UTC(2026, 10, 21, 5);
function stateAfter(...events: JoinEvent[]): JoinState {
	let state: JoinState | undefined;
	for (const [index, event] of events.entries()) {
		state = nextState(state, event, { timeMs: startMs + index * 10_000, elapsedMs: index * 10_000 });
	}
	if (state === undefined) throw new Error("no event");
	return state;
}

function statusAfter(events: readonly JoinEvent[], unitState = "activating") {
	return nodeStatus({
		stages: [...booted, joinStage],
		join: stateAfter(...events),
		isJoinWanted: true,
		unitState,
		hostname: "host7",
	});
}

describe("what a node is, and its exit code", () => {
	test.each<[string, readonly JoinEvent[], string, number, RegExp]>([
		[
			"waits",
			[started, waiting],
			"activating",
			3,
			/^node7 waits for the API server: 10.9.0.20:6443: connection/,
		],
		["tries", [started, attempt], "activating", 3, /^node7 runs kubeadm join at 10.9.0.20:6443, attempt 2$/],
		[
			"pauses",
			[started, attempt, failed],
			"activating",
			3,
			/^node7 waits before the next attempt: the cluster does not/,
		],
		["is Ready", [started, attempt, ready], "active", 0, /^node7 is Ready, since 2026-11-21T05:00:20/],
		[
			"gave up",
			[started, attempt, given],
			"failed",
			1,
			/^node7 has not joined, and tries no more: the cluster/,
		],
		[
			"was stopped",
			[started, { event: "join-interrupted" }],
			"inactive",
			1,
			/netherd-join.service was stopped$/,
		],
		["lost its agent", [started, attempt], "failed", 1, /netherd-join.service does not run \(failed\)$/],
	])("%s", (_, events, unitState, exitCode, summary) => {
		const found = statusAfter(events, unitState);
		expect(exitCodeOf(found)).toBe(exitCode);
		expect(found.summary).toMatch(summary);
	});

	const without = (inputs: Partial<Parameters<typeof nodeStatus>[0]>) =>
		nodeStatus({ stages: [...booted, noJoin], isJoinWanted: false, hostname: "host7", ...inputs });

	test("a node that is to join nothing is up", () => {
		expect(without({})).toMatchObject({ state: "ready", node: "host7" });
	});

	test("one that has not begun", () => {
		expect(without({ isJoinWanted: true })).toMatchObject({ state: "working" });
		expect(without({ isJoinWanted: true, unitState: "failed" })).toMatchObject({ state: "failed" });
	});

	test("a failed stage counts, an action that only warns does not", () => {
		const journal = [entry(1), entry(2, "failed")];
		const stagesWith = (onFailure: "abort" | "warn") => [
			done("initramfs"),
			{ name: "init" as const, plan: planOf("init", onFailure), journal },
			noJoin,
		];
		expect(without({ stages: stagesWith("abort") })).toMatchObject({ state: "failed" });
		const warned = without({ stages: stagesWith("warn") });
		expect(warned.state).toBe("ready");
		expect(warned.stages[1]).toEqual({
			name: "init",
			state: "done",
			durationMs: 6_100,
			failures: [{ step: "10-first", error: "no space left on device\nmore" }],
		});
	});
});

test("the text: what it waits for, the last failure, what to do, the stages", () => {
	expect(statusText(statusAfter([started, attempt, failed]), startMs + 24_000)).toMatchInlineSnapshot(`
		"node7 waits before the next attempt: the cluster does not know the token: it has ended
		  cluster       10.9.0.20:6443
		  attempts      2, the next one in 6 s
		  last failure  4 s ago: the cluster does not know the token: it has ended [join.token-unknown]
		                could not find a JWS signature for token ID "abcdef"
		  what to do    make a new token

		stage      state    took
		initramfs  done     6.1 s
		init       done     6.1 s
		join       working  20.0 s  kubeadm 23.0 s
		"
	`);
});

test("the text of a node that is Ready and differs", () => {
	const differs: JoinEvent = {
		event: "node-differs",
		differences: [
			{ what: "taint a:NoSchedule is not there", command: "kubectl taint node node7 a:NoSchedule" },
		],
	};
	const found: JoinEvent = { event: "join-found", for: "API server", what: "x", waitedMs: 71_000 };
	const text = statusText(
		statusAfter([started, found, attempt, failed, ready, differs], "active"),
		startMs + 3600_000,
	);
	expect(text).toMatchInlineSnapshot(`
		"node7 is Ready, since 2026-11-21T05:00:40.000Z
		  cluster       10.9.0.20:6443
		  attempts      2
		  last failure  59 min 30 s ago: the cluster does not know the token: it has ended [join.token-unknown]
		                could not find a JWS signature for token ID "abcdef"
		  differs       taint a:NoSchedule is not there
		                kubectl taint node node7 a:NoSchedule

		stage      state  took
		initramfs  done   6.1 s
		init       done   6.1 s
		join       done   50.0 s  API server 1 min 11 s, kubeadm 23.0 s, until Ready 8.0 s
		"
	`);
});

describe("on a node", () => {
	let root: string;
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), "netherd-status-"));
	});
	afterEach(() => rmSync(root, { recursive: true, force: true }));

	function write(path: string, text: string): void {
		mkdirSync(join(root, path, ".."), { recursive: true });
		writeFileSync(join(root, path), text);
	}

	async function run(format: "text" | "json") {
		let printed = "";
		const print = (text: string) => {
			printed += text;
		};
		return { exitCode: await status(root, { format, colour: false, print }), printed };
	}

	function writeStage(name: "initramfs" | "init"): void {
		write(`/run/netherd/${name}/plan.json`, serializePlans([planOf(name)]));
		const journal = `${JSON.stringify(entry(1))}\n${JSON.stringify(entry(2))}\n`;
		write(`/run/netherd/${name}/journal.jsonl`, `${journal}{"index":3,"ste`);
	}

	test("it reads what the boot left, a half-written line included", async () => {
		writeStage("initramfs");
		writeStage("init");
		write("/run/netherd/join/state.json", JSON.stringify(stateAfter(started, attempt, ready)));
		const { exitCode, printed } = await run("json");
		expect(exitCode).toBe(0);
		expect(JSON.parse(printed)).toMatchObject({
			state: "ready",
			node: "node7",
			stages: [
				{ name: "initramfs", state: "done" },
				{ name: "init", state: "done" },
				{ state: "not started" },
			],
			join: { state: "ready", attempts: 2 },
		});
		expect((await run("text")).printed).toMatch(/^node7 is Ready/);
	});

	test("whoever may not read it is told who may", async () => {
		writeStage("init");
		chmodSync(join(root, "run/netherd/init/plan.json"), 0);
		const script = `
			const { status } = await import(${JSON.stringify(join(import.meta.dirname, "../../agent/commands/status.ts"))});
			await status(process.argv[1], { format: "text", print() {} }).catch(({ code, hint }) => console.log(code, hint));`;
		// root that may not read everything stands for another user, who may not read the repository either.
		const { stdout } = await execa("setpriv", [
			...["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"],
			...[process.execPath, "--input-type=module", "--eval", script, root],
		]);
		expect(stdout).toBe("status.needs-root run it as root: sudo agent status");
	});

	test("elsewhere it says that there is nothing", async () => {
		await expect(run("text")).rejects.toMatchObject({ code: "status.not-a-node" });
	});
});
