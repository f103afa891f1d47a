import { describe, expect, test } from "vitest";
import { problems, shellTextProblems } from "../../agent/config/lts-conf-problems.ts";
import { errorCodes } from "../../tools/error-codes.ts";

const codes = errorCodes();

describe("codes are found", () => {
	test.each([
		["an argument of a constructor", "plan.impossible", "agent/plan/check.ts"],
		["an argument of super()", "config.invalid", "agent/facts/resolve-facts.ts"],
		["a member of a union", "server-config.no-effect", "server/config/problems.ts"],
		["an option of runTool()", "image.unsquashfs-failed", "image/base-root.ts"],
		["a value of a table", "image.hook-missing", "image/make-initramfs.ts"],
		["what stands in for a missing one", "boot.action-failed", "agent/run-plan.ts"],
		["an event's code", "server.no-private-address", "server/companion.ts"],
		["a finding with its whole code", "lts-conf.like-cycle", "agent/config/select.ts"],
		["a finding of a key", "lts-conf.unknown-key", "agent/config/check-entry.ts"],
		["a finding of a value", "lts-conf.not-expanded", "agent/config/check-entry.ts"],
		["a finding of the limit", "lts-conf.too-many-findings", "agent/config/reporter.ts"],
		["a finding of the command line", "cmdline.bad-nbdroot", "agent/config/cmdline.ts"],
	])("%s: %s", (_, code, file) => {
		expect(codes.get(code)).toContain(file);
	});

	test("all that the parser of lts.conf can say", () => {
		const said = [...Object.values(problems), ...Object.values(shellTextProblems)].map(
			(problem) => `lts-conf.${(typeof problem === "function" ? anyCall(problem) : problem).code}`,
		);
		expect(said.filter((code) => !codes.has(code))).toEqual([]);
	});
});

test.each([
	["an event of the companion", "nbd.refused"],
	["a key of its configuration", "image.default"],
	["a file", "nbd.socket"],
	["a unit", "ssh.service"],
	["a severity", "lts-conf.error"],
])("%s is no code: %s", (_, text) => {
	expect(codes.has(text)).toBe(false);
});

/** The functions of the table only put their arguments into texts. */
function anyCall(makeProblem: (...args: never[]) => { code: string }): { code: string } {
	return (makeProblem as (...args: unknown[]) => { code: string })("a", 1);
}
