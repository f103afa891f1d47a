import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dryHost } from "../agent/host/dry-host.ts";
import { linuxHost } from "../agent/host/linux-host.ts";
import { type JournalEntry, openStageRecord } from "../agent/host/stage-record.ts";
import type { Action } from "../agent/plan/action.ts";
import { parsePlans, type StagePlan, serializePlans } from "../agent/plan/plan.ts";
import { runPlan } from "../agent/run-plan.ts";

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-run-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (path: string): Action => ({ kind: "putFile", path, mode: "0644", content: "x\n" });
const impossible: Action = { kind: "spawn", argv: ["/no/such/program"], timeoutMs: 1000 };

function planWith(onFailure: "abort" | "warn"): StagePlan {
	return {
		name: "init",
		steps: [
			{ name: "10-first", onFailure, actions: [put("/a"), impossible, put("/b")] },
			{ name: "20-second", onFailure: "abort", actions: [put("/c")] },
		],
	};
}

const realHost = () =>
	linuxHost({ root: join(folder, "root"), secrets: {}, progress: () => undefined, output: () => undefined });

async function journalOf(plan: StagePlan): Promise<JournalEntry[]> {
	const record = openStageRecord(join(folder, "record"));
	await runPlan(plan, realHost(), [record.witness]).catch(() => undefined);
	return readFileSync(join(folder, "record/journal.jsonl"), "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as JournalEntry);
}

test("with abort, the stage ends at the failure, and the error says where", async () => {
	await expect(runPlan(planWith("abort"), realHost(), [])).rejects.toMatchObject({
		code: "host.program-failed",
		message: expect.stringMatching(/^init\/10-first, action 2 of 4: /),
	});
	const journal = await journalOf(planWith("abort"));
	expect(journal.map(({ index, outcome }) => [index, outcome])).toEqual([
		[1, "done"],
		[2, "failed"],
	]);
});

test("with warn, the failure is in the journal and everything else is done", async () => {
	const journal = await journalOf(planWith("warn"));
	expect(journal.map(({ step, outcome }) => [step, outcome])).toEqual([
		["10-first", "done"],
		["10-first", "failed"],
		["10-first", "done"],
		["20-second", "done"],
	]);
	expect(readFileSync(join(folder, "root/c"), "utf8")).toBe("x\n");
});

test("a dry host receives exactly what the real one does", async () => {
	const shown: Action[] = [];
	await runPlan(
		planWith("warn"),
		dryHost((action) => shown.push(action)),
		[],
	);
	const journal = await journalOf(planWith("warn"));
	expect(shown).toEqual(journal.map(({ action }) => action));
});

test("what cannot be data cannot be in a plan", async () => {
	const smuggled: Action = Object.assign(put("/a"), { callback: () => "effect" });
	const shown: Action[] = [];
	const plan: StagePlan = { name: "init", steps: [{ name: "10", onFailure: "abort", actions: [smuggled] }] };
	await runPlan(
		plan,
		dryHost((action) => shown.push(action)),
		[],
	);
	expect(shown).toEqual([put("/a")]);
});

test("a plan survives being written and read", () => {
	const plans = [planWith("warn"), planWith("abort")];
	expect(parsePlans(serializePlans(plans))).toEqual(plans);
	expect(serializePlans(parsePlans(serializePlans(plans)))).toBe(serializePlans(plans));
});
