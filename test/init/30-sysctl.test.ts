import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { sysctl } from "../../agent/init/30-sysctl.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, planStep, planText, planUnchecked, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
beforeAll(() => ensureDebianPackages(["procps"], "read sysctl.d files"));
afterEach(() => root?.remove());

const linesOf = (value: string) => {
	const [operation] = planStep(sysctl, `SYSCTL_1 = "${value}"`);
	return operation?.kind === "writeFile" ? operation.content : undefined;
};

test("one file, in order", () => {
	const ltsConf = 'SYSCTL_10 = "vm.swappiness = 0"\nSYSCTL_9 = "net.ipv4.ip_forward=1"';
	expect(planText(sysctl, ltsConf)).toMatchInlineSnapshot(`
		"put file      /etc/sysctl.d/90-netherd.conf  (0644, 42 B)
		  because SYSCTL_9 (lts.conf:3 [default]), SYSCTL_10 (lts.conf:2 [default])
		  │ net.ipv4.ip_forward = 1
		  │ vm.swappiness = 0"
	`);
});

test("nothing set, nothing written", () => {
	expect(planStep(sysctl, "")).toEqual([]);
});

test.each([
	[
		"several pairs",
		"net.ipv4.ip_forward=1 vm.swappiness = 0",
		"net.ipv4.ip_forward = 1\nvm.swappiness = 0\n",
	],
	["semicolons", "fs.file-max=9; vm.overcommit_memory = 1", "fs.file-max = 9\nvm.overcommit_memory = 1\n"],
	[
		"a value of several words",
		"net.ipv4.tcp_rmem = 4096 87380 6291456",
		"net.ipv4.tcp_rmem = 4096 87380 6291456\n",
	],
	[
		"a value with an equals sign",
		"kernel.core_pattern=|/bin/keep cpu=%c",
		"kernel.core_pattern = |/bin/keep cpu=%c\n",
	],
	["slashes and patterns", "-net/ipv4/conf/*/rp_filter=0", "-net/ipv4/conf/*/rp_filter = 0\n"],
])("%s", (_, value, lines) => {
	expect(linesOf(value)).toBe(lines);
});

test.each([
	["no value in a second pair", "vm.swappiness=0 net.ipv4.ip_forward="],
	["a name without a folder", "swappiness = 0"],
	["dots that lead upwards", "net...ipv4.ip_forward = 1"],
	["a path that leads out of /proc/sys", "net/../../../etc/passwd = x"],
])("%s", (_, value) => {
	expect(() => linesOf(value)).toThrow(
		expect.objectContaining({ code: "config.invalid", message: expect.stringContaining("lts.conf:2:13:") }),
	);
});

test("the step looks for itself, too", () => {
	expect(() => planUnchecked(sysctl, "SYSCTL_1", "net/../x = 1")).toThrow(
		expect.objectContaining({
			code: "init.bad-sysctl",
			message: expect.stringContaining("SYSCTL_1 (lts.conf:2 [default])"),
		}),
	);
});

test("sysctl reads the file", async () => {
	root = makeTestRoot();
	await root.run(sysctl, 'SYSCTL_1 = "kernel.panic = 10 vm.swappiness=5"');
	const file = join(root.path, "etc/sysctl.d/90-netherd.conf");
	const shown = execFileSync("sysctl", ["--dry-run", "--load", file], { encoding: "utf8" });
	expect(shown).toBe("kernel.panic = 10\nvm.swappiness = 5\n");
});
