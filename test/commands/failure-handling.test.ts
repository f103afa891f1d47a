import { expect, test } from "vitest";
import { failureHandling } from "../../agent/commands/failure-handling.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

test.each([
	["", "", "reboot", 10_000],
	["", "panic=30", "reboot", 30_000],
	["", "panic=-1", "reboot", 0],
	["", "panic=0", "shell", 10_000],
	["ON_FAILURE = shell", "panic=30", "shell", 30_000],
	["ON_FAILURE = poweroff\nON_FAILURE_DELAY = 2m", "panic=30", "poweroff", 120_000],
	["ON_FAILURE = reboot", "panic=0", "reboot", 10_000],
	["ON_FAILURE_DELAY = 5", "", "reboot", 5_000],
])("lts.conf %j, command line %j: %s after %i ms", (ltsConf, commandLine, outcome, delayMs) => {
	const facts = makeInitFacts(`[default]\n${ltsConf}\n`);
	expect(failureHandling(facts, commandLine)).toEqual({ outcome, delayMs });
});

test("before anything is known, and when lts.conf is what failed, the command line decides", () => {
	expect(failureHandling(undefined, "panic=7")).toEqual({ outcome: "reboot", delayMs: 7_000 });
	const broken = makeInitFacts("[default]\nON_FAILURE = shell\njunk\n");
	expect(failureHandling(broken, "panic=7")).toEqual({ outcome: "reboot", delayMs: 7_000 });
});
