import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
	assumptions,
} from "../../agent/facts/assumed-facts.ts";
import { withoutSecrets } from "../../agent/facts/configuration-text.ts";
import type { Facts } from "../../agent/facts/facts.ts";
import { dryHost } from "../../agent/host/dry-host.ts";
import { type JournalEntry, openStageRecord, serializeFacts } from "../../agent/host/stage-record.ts";
import type { Action } from "../../agent/plan/action.ts";
import { checkPlan } from "../../agent/plan/check.ts";
import { parsePlans, serializePlans } from "../../agent/plan/plan.ts";
import { runPlan } from "../../agent/run-plan.ts";
import { type GeneratedNode, validFarms } from "../lib/generated-farm.ts";
import { planOf } from "../lib/plan-text.ts";
import { recordingHost } from "../lib/recording-host.ts";
import { goldenNodes } from "./farms.ts";

const golden = await goldenNodes();

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-replay-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The facts of all stages of a generated node. */
function factsOf(text: string, { mac, ip, hostname }: GeneratedNode): readonly Facts[] {
	const node = {
		commandLine: assumptions.commandLine,
		configuration: withoutSecrets(text, "http://192.0.2.1/lts.conf").configuration,
		mac,
		ip,
		hostname,
	};
	return [assumedInitramfsFacts(node, true), assumedInitFacts(node), assumedJoinFacts(node, "node1")];
}

/** Runs a property on every node of generated farms that are right. */
function forGeneratedNodes(property: (facts: readonly Facts[]) => void, numRuns: number): void {
	fc.assert(
		fc.property(validFarms, ({ text, nodes }) => {
			for (const node of nodes) property(factsOf(text, node));
		}),
		{ numRuns },
	);
}

function serializeTwice(facts: readonly Facts[]): void {
	const text = serializePlans(facts.map(planOf));
	expect(serializePlans(parsePlans(text))).toBe(text);
}

function planTwice(facts: readonly Facts[]): void {
	const text = serializePlans(facts.map(planOf));
	expect(serializePlans(facts.map(planOf))).toBe(text);
	const reread = facts.map((each) => JSON.parse(serializeFacts(each)) as Facts);
	expect(serializePlans(reread.map(planOf))).toBe(text);
}

describe("a plan, written and read, is written the same again", () => {
	test.each(golden)("$farm/$name", ({ facts }) => serializeTwice(facts));
	test("of generated farms", () => forGeneratedNodes(serializeTwice, 100));
});

describe("facts give the same plan twice, also when they were stored in between", () => {
	test.each(golden)("$farm/$name", ({ facts }) => planTwice(facts));
	test("of generated farms", () => forGeneratedNodes(planTwice, 100));
});

/** Runs a stage below a new root; gives what three parties saw, an action a line. */
async function run(facts: Facts, root: string) {
	const plan = planOf(facts);
	const record = openStageRecord(join(root, "record"));
	const recording = recordingHost(join(root, "root"));
	await runPlan(plan, recording.host, [record.witness]);
	const shown: Action[] = [];
	await runPlan(
		plan,
		dryHost((action) => shown.push(action)),
		[],
	);
	const journal = readFileSync(join(root, "record/journal.jsonl"), "utf8").split("\n").slice(0, -1);
	return {
		plan,
		journal: journal.map((line) => JSON.parse(line) as JournalEntry),
		seen: recording.seen,
		shown,
	};
}

function expectOneStory({ plan, journal, seen, shown }: Awaited<ReturnType<typeof run>>): void {
	const planned = plan.steps.flatMap(({ name, actions }) =>
		actions.map((action) => ({ step: name, action })),
	);
	expect(journal.map(({ index, step, outcome }) => ({ index, step, outcome }))).toEqual(
		planned.map(({ step }, at) => ({ index: at + 1, step, outcome: "done" })),
	);
	// As text, so that the order of members counts, too.
	const lines = planned.map(({ action }) => JSON.stringify(action));
	expect(journal.map(({ action }) => JSON.stringify(action))).toEqual(lines);
	expect(seen.map((action) => JSON.stringify(action))).toEqual(lines);
	expect(shown.map((action) => JSON.stringify(action))).toEqual(lines);
}

const stagesOf = (wanted: Facts["stage"]) =>
	golden.flatMap(({ farm, name, facts }) =>
		facts.filter(({ stage }) => stage === wanted).map((each) => ({ farm, name, facts: each })),
	);

describe("a run of stage init leaves a journal that is the plan, and a dry host sees the same", () => {
	test.each(stagesOf("init"))("$farm/$name", async ({ facts }) => {
		expectOneStory(await run(facts, folder));
	});

	test("of generated farms", async () => {
		let count = 0;
		await fc.assert(
			fc.asyncProperty(validFarms, async ({ text, nodes }) => {
				for (const facts of nodes.slice(0, 2).flatMap((node) => factsOf(text, node).slice(1))) {
					expectOneStory(await run(facts, join(folder, String(count++))));
				}
			}),
			{ numRuns: 20 },
		);
	});
});

test("a farm whose every line is right can be planned, for every node", () => {
	fc.assert(
		fc.property(validFarms, ({ text, nodes }) => {
			expect(checkLtsConf(text, "lts.conf").filter(({ severity }) => severity === "error")).toEqual([]);
			for (const node of nodes) for (const facts of factsOf(text, node)) checkPlan(planOf(facts));
		}),
		{ numRuns: 200 },
	);
});
