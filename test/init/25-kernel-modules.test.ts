import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { kernelModules } from "../../agent/init/25-kernel-modules.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, planStep, planText, planUnchecked, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
beforeAll(() => ensureDebianPackages(["kmod"], "read modprobe.d files"));
afterEach(() => root?.remove());

const ltsConf = `
MODULE_10 = br_netfilter
MODULE_1 = "bonding mode=802.3ad miimon=100"
MODULE_2 = ip_vs
`;

test("modules in order, arguments for modprobe", () => {
	expect(planText(kernelModules, ltsConf)).toMatchInlineSnapshot(`
		"put file      /etc/modprobe.d/netherd.conf  (0644, 40 B)
		  because MODULE_1 (lts.conf:4 [default])
		  │ options bonding mode=802.3ad miimon=100
		put file      /etc/modules-load.d/netherd.conf  (0644, 27 B)
		  because MODULE_1 (lts.conf:4 [default]) … MODULE_10 (lts.conf:3 [default]), 3 keys
		  │ bonding
		  │ ip_vs
		  │ br_netfilter"
	`);
});

test("without arguments there is no file for modprobe; without modules nothing", () => {
	expect(planStep(kernelModules, "MODULE_1 = br_netfilter")).toHaveLength(1);
	expect(planStep(kernelModules, "")).toEqual([]);
});

test("modprobe reads the arguments from the file", async () => {
	root = makeTestRoot();
	await root.run(kernelModules, ltsConf);
	const folder = join(root.path, "etc/modprobe.d");
	const shown = execFileSync("modprobe", ["--config", folder, "--showconfig"], { encoding: "utf8" });
	expect(shown).toContain("options bonding mode=802.3ad miimon=100\n");
});

test("a backslash that would take in the next line", () => {
	expect(() => planStep(kernelModules, 'MODULE_1 = "bonding mode=1\\\\"')).toThrow(
		expect.objectContaining({ code: "config.invalid", message: expect.stringContaining("lts.conf:2:13:") }),
	);
});

test("the step looks for itself, too", () => {
	expect(() => planUnchecked(kernelModules, "MODULE_1", "bonding mode=1\\")).toThrow(
		expect.objectContaining({
			code: "init.bad-module",
			message: expect.stringContaining("MODULE_1 (lts.conf:2 [default])"),
		}),
	);
});

test("a path in place of a name", () => {
	expect(() => planStep(kernelModules, "MODULE_1 = ../../evil")).toThrow(
		expect.objectContaining({ code: "config.invalid" }),
	);
});
