import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cron } from "../../agent/init/40-cron.ts";
import { makeTestRoot, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const lineOf = (line: string) => {
	const [operation] = planStep(cron, `CRONTAB_1 = "${line}"`);
	return operation?.kind === "writeFile" ? operation.content.trimEnd() : undefined;
};

test("a file of its own in /etc/cron.d", () => {
	const ltsConf = 'CRONTAB_02 = "0 3 * * * root /sbin/fstrim -a"\nCRONTAB_01 = "MAILTO=ops@farm.example"';
	expect(planText(cron, ltsConf)).toMatchInlineSnapshot(`
		"put file      /etc/cron.d/netherd  (0644, 55 B)
		  because CRONTAB_01 (lts.conf:3 [default]), CRONTAB_02 (lts.conf:2 [default])
		  │ MAILTO=ops@farm.example
		  │ 0 3 * * * root /sbin/fstrim -a"
	`);
});

test.each([
	[
		"with a user",
		"*/30 * * * * root /usr/sbin/ntpdate 192.0.2.1",
		"*/30 * * * * root /usr/sbin/ntpdate 192.0.2.1",
	],
	["without a user", "30 18 * * *   /sbin/poweroff", "30 18 * * * root /sbin/poweroff"],
	["one word after the time", "0 0 * * * poweroff", "0 0 * * * root poweroff"],
	["@reboot without a user", "@reboot /bin/true -x", "@reboot root /bin/true -x"],
	["@daily with a user", "@daily nobody /bin/true", "@daily nobody /bin/true"],
	["a variable", "PATH=/bin", "PATH=/bin"],
	["a comment", "# nightly", "# nightly"],
])("%s", (_, line, written) => {
	expect(lineOf(line)).toBe(written);
});

test("nothing set, nothing written", () => {
	expect(planStep(cron, "")).toEqual([]);
});

test("a line with a secret is for root's eyes", async () => {
	root = makeTestRoot();
	await root.run(
		cron,
		`
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
CRONTAB_1 = "@daily root /bin/renew \${KUBEADM_JOIN_TOKEN}"
`,
	);
	expect(root.read("etc/cron.d/netherd")).toBe("@daily root /bin/renew abcdef.0123456789abcdef\n");
	expect(statSync(join(root.path, "etc/cron.d/netherd")).mode & 0o777).toBe(0o600);
});
