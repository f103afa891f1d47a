import { describe, expect, test } from "vitest";
import { check } from "../../agent/commands/check.ts";
import { explain } from "../../agent/commands/explain.ts";
import type { Finding } from "../../agent/config/findings.ts";
import vectors from "../config/lts-conf-vectors.json" with { type: "json" };
import { runCommand } from "./run-command.ts";
import { explained, farm, file, type Json, page } from "./support/explained.ts";

describe("a file with errors", () => {
	const broken = file(
		"broken.conf",
		"[default]\nTIMEZONE = Europe/Prague\njunk\n[other]\nON_FAILURE=maybe\n",
	);

	test("the findings of agent check, no values, 2", () => {
		for (const format of ["json", "text"] as const) {
			const explanation = runCommand(format, (output) =>
				explain(broken, undefined, { hostname: "h", all: false }, output),
			);
			const checked = runCommand(format, (output) => check(broken, { strict: false }, output));
			expect(explanation).toEqual(checked);
			expect(explanation.exitCode).toBe(2);
		}
	});

	test("an error that only this node's facts bring about", () => {
		const conf = file("facts.conf", '[default]\nON_FAILURE = "$HOSTNAME"\n');
		expect(explained(conf, {}).values.ON_FAILURE, "nobody said the name").toBe("$HOSTNAME");
		const { exitCode, stdout } = runCommand("json", (output) =>
			explain(conf, undefined, { hostname: "node7", all: false }, output),
		);
		const { findings } = JSON.parse(stdout) as { findings: Finding[] };
		expect([exitCode, findings.map(({ code, line }) => [code, line])]).toEqual([
			2,
			[["lts-conf.bad-value", 2]],
		]);
	});

	test("an error on the command line is shown with it", () => {
		const { exitCode, stdout } = runCommand("text", (output) =>
			explain(farm, undefined, { cmdline: "root=/dev/nbd0 netherd.server=x", all: false }, output),
		);
		expect(exitCode).toBe(2);
		expect(stdout).toMatch(/^command line:1:16: error\[cmdline\.bad-server\]/m);
		expect(stdout).toContain("1 | root=/dev/nbd0 netherd.server=x");
	});
});

describe("secrets are never shown", () => {
	const token = "3f9a1c.0b7d52e8c64f1a93";

	test("in values, in what lost, in text and json", () => {
		const conf = file(
			"secret.conf",
			`[default]\nMY_TOKEN = aaaaaa.bbbbbbbbbbbbbbbb\nKUBEADM_JOIN_TOKEN = ${token}\nRCFILE_1 = "kubeadm join --token ${token}"\n[h]\nKUBEADM_JOIN_TOKEN = $MY_TOKEN\n`,
		);
		const shown =
			page(conf, { hostname: "h", all: true }) + JSON.stringify(explained(conf, { hostname: "h" }));
		expect(shown).not.toMatch(/3f9a1c|0b7d52e8c64f1a93|bbbbbbbbbbbbbbbb/);
		expect(explained(conf, { hostname: "h" }).values.KUBEADM_JOIN_TOKEN).toMatch(/^\{secret:[a-z-]+\}$/);
	});

	test("on the command line", () => {
		const cmdline = `ltsp.kubeadm_join_token=${token}`;
		expect(JSON.stringify(explained(farm, { cmdline }))).not.toContain(token);
	});

	test("in the lines of findings, whose places stay those of the file", () => {
		const conf = file(
			"bad-secret.conf",
			`[default]\nKUBEADM_JOIN_TOKEN = "not a token"\nKUBEADM_JOIN_ENDPOINT = "--token ${token}"\nTIMEZONE = ${token} = x\n`,
		);
		for (const format of ["text", "json"] as const) {
			const { exitCode, stdout } = runCommand(format, (output) =>
				explain(conf, undefined, { all: false }, output),
			);
			expect(exitCode).toBe(2);
			expect(stdout).not.toMatch(/not a token|3f9a1c|0b7d52e8c64f1a93/);
			expect(stdout).toContain(format === "text" ? ":2:23: error" : '"column": 23');
		}
		const { stdout } = runCommand("text", (output) => explain(conf, undefined, { all: false }, output));
		expect(stdout).toContain('2 | KUBEADM_JOIN_TOKEN = "***********"');
	});
});

describe("which node", () => {
	test.each([
		[{ mac: "storage1" }],
		[{ mac: "52:54:00:00:00" }],
		[{ ip: "10.9.0" }],
		[{ hostname: "" }],
		[{ hostname: "a b" }],
	])("%j is refused", (node) => {
		expect(() => page(farm, node)).toThrow(expect.objectContaining({ code: "usage.bad-option" }));
	});

	test.each(["52-54-00-00-00-01", "01-52-54-00-00-00-01", "52:54:00:00:00:01"])(
		"%s is one MAC address",
		(mac) => {
			expect(explained(farm, { mac }).node.mac).toBe("52:54:00:00:00:01");
		},
	);
});

interface Vector {
	readonly name: string;
	readonly conf: string;
	readonly hostname: string;
	readonly expect: { readonly values?: Readonly<Record<string, string>>; readonly line?: number };
}

describe("the cases of LTSP 5's grammar, as explain sees them", () => {
	test.each(vectors as unknown as readonly Vector[])("$name", ({ name, conf, hostname, expect: wanted }) => {
		const { exitCode, stdout } = runCommand("json", (output) =>
			explain(file(`${name}.conf`, conf), undefined, { hostname, all: false }, output),
		);
		const { values, origins, findings } = JSON.parse(stdout) as Partial<Json> & { findings?: Finding[] };
		if (wanted.values === undefined) {
			expect([exitCode, values]).toEqual([2, undefined]);
			const lines = findings?.filter(({ severity }) => severity === "error").map(({ line }) => line);
			expect(lines).toEqual(
				wanted.line === undefined ? expect.anything() : expect.arrayContaining([wanted.line]),
			);
			return;
		}
		const fromFile = Object.entries(values ?? {}).filter(([key]) => origins?.[key]?.file != null);
		expect(Object.fromEntries(fromFile)).toEqual(wanted.values);
	});
});
