import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { check } from "../../agent/commands/check.ts";
import { explain } from "../../agent/commands/explain.ts";
import type { explanationToJson } from "../../agent/commands/explanation-output.ts";
import type { Finding } from "../../agent/config/findings.ts";
import { NetherdError } from "../../agent/errors.ts";
import vectors from "../config/lts-conf-vectors.json" with { type: "json" };
import { runCommand, temporaryFiles } from "./run-command.ts";

const file = temporaryFiles();

const farm = file(
	"farm.conf",
	`[default]
TIMEZONE = Europe/Prague
SYSCTL_FILES = "fs.file-max = 20000000"
RCFILE_01 = "echo $IPV4ADDR \\$HOSTNAME > /tmp/x"

[storage]
LIKE = base
TIMEZONE = Europe/Berlin
SEARCH_DOMAIN = a.example
SEARCH_DOMAIN = b.example

[base]
SYSCTL_FILES = NONE
SYSLOG_HOST = 10.9.0.2

[52:54:00:00:00:01]
LIKE = storage
HOSTNAME = storage1

[node*]
HOSTNAME_BASE = farm

[elsewhere]
TIMESERVER = 10.9.0.3
`,
);

type Options = Omit<Parameters<typeof explain>[2], "all"> & { key?: string; all?: boolean };
type Json = ReturnType<typeof explanationToJson>;

function explained(conf: string, { key, all = false, ...node }: Options): Json {
	const { exitCode, stdout } = runCommand("json", (output) => explain(conf, key, { ...node, all }, output));
	expect(exitCode, stdout).toBe(0);
	return JSON.parse(stdout) as Json;
}

function page(conf: string, { key, all = false, ...node }: Options): string {
	return runCommand("text", (output) => explain(conf, key, { ...node, all }, output)).stdout;
}

describe("json", () => {
	const { node, values, origins } = explained(farm, { mac: "52:54:00:00:00:01" });

	test("the node is what was said, null for the rest", () => {
		expect(node).toEqual({ hostname: null, ip: null, mac: "52:54:00:00:00:01" });
	});

	test("a value of lts.conf has its file, line, section, and the way to that section", () => {
		expect(values.SYSLOG_HOST).toBe("10.9.0.2");
		expect(origins.SYSLOG_HOST).toEqual({
			file: farm,
			line: 14,
			section: "base",
			via: "LIKE of [52:54:00:00:00:01] → [storage]",
			lost: [],
		});
	});

	test("what lost, from another section and from the same", () => {
		expect(origins.TIMEZONE?.lost).toEqual([
			{ value: "Europe/Prague", line: 2, section: "default", why: "[storage], line 8, comes first" },
		]);
		expect(origins.SEARCH_DOMAIN?.lost).toEqual([
			{
				value: "a.example",
				line: 9,
				section: "storage",
				why: "a later line of the same section, 10, replaces it",
			},
		]);
	});

	test("a key that NONE takes back has no value, and an origin with what it was", () => {
		expect(values).not.toHaveProperty("SYSCTL_FILES");
		expect(origins.SYSCTL_FILES?.lost.map(({ value }) => value)).toEqual(["NONE", "fs.file-max = 20000000"]);
	});

	test("defaults are there and say so; what has neither says what happens instead", () => {
		expect(values.ON_FAILURE).toBe("reboot");
		expect(origins.ON_FAILURE).toEqual({ file: null, line: null, section: null, via: "default", lost: [] });
		expect(values).not.toHaveProperty("TIMESERVER");
		expect(origins.TIMESERVER?.via).toBe("the image's time servers");
	});

	test("members are exactly the documented ones", () => {
		expect(Object.keys({ node, values, origins })).toEqual(["node", "values", "origins"]);
		for (const origin of Object.values(origins)) {
			expect(Object.keys(origin)).toEqual(["file", "line", "section", "via", "lost"]);
			for (const each of origin.lost) expect(Object.keys(each)).toEqual(["value", "line", "section", "why"]);
		}
		for (const key of Object.keys(values)) expect(origins).toHaveProperty(key);
	});
});

describe("the sources of a value besides lts.conf", () => {
	test.each([
		[{ hostname: "node7" }, "HOSTNAME", "node7", "DHCP"],
		[{ ip: "10.9.0.7" }, "HOSTNAME", "ltsp7", "HOSTNAME_BASE and HOSTNAME_EXTRA"],
		[{ cmdline: "nbdroot=10.9.0.1:10809/node" }, "SERVER", "10.9.0.1", "command line"],
		[{ cmdline: "netherd.image=node/3" }, "IMAGE", "node/3", "command line"],
		[{ cmdline: "panic=7" }, "ON_FAILURE_DELAY", "7s", "command line"],
		[{ cmdline: "ltsp.syslog_host=10.9.0.9" }, "SYSLOG_HOST", "10.9.0.9", "command line"],
	])("%j: %s is %s from %s", (node, key, value, via) => {
		const { values, origins } = explained(farm, node);
		expect([values[key], origins[key]?.via]).toEqual([value, via]);
	});

	test("lts.conf wins over the command line, which is named as having lost", () => {
		const { values, origins } = explained(farm, { cmdline: "ltsp.timezone=UTC" });
		expect(values.TIMEZONE).toBe("Europe/Prague");
		expect(origins.TIMEZONE?.lost).toMatchObject([{ value: "UTC", line: null, section: null }]);
	});

	test.each(["BOOTIF=01-52-54-00-00-00-01", "BOOTIF=52:54:00:00:00:01"])(
		"%s in --cmdline says which node it is",
		(cmdline) => {
			expect(explained(farm, { cmdline }).values.HOSTNAME).toBe("storage1");
		},
	);

	test("a pattern is a way to a section, too", () => {
		expect(explained(farm, { hostname: "NODE12" }).origins.HOSTNAME_BASE?.via).toBe(
			"the pattern matches the host name NODE12",
		);
	});
});

describe("text", () => {
	test("a page for one node", () => {
		expect(page(farm, { mac: "52:54:00:00:00:01" }).replaceAll(farm, "farm.conf")).toMatchInlineSnapshot(`
			"node      MAC address 52:54:00:00:00:01
			sections  [52:54:00:00:00:01]  farm.conf:16  MAC address 52:54:00:00:00:01
			then      [storage]            farm.conf:6   LIKE of [52:54:00:00:00:01]
			then      [base]               farm.conf:12  LIKE of [52:54:00:00:00:01] → [storage]
			then      [default]            farm.conf:1   applies to every node

			HOSTNAME = storage1
			    from  farm.conf:18 [52:54:00:00:00:01], MAC address 52:54:00:00:00:01

			RCFILE_01 = echo $IPV4ADDR $HOSTNAME > /tmp/x
			    from  farm.conf:4 [default], applies to every node
			    note  $IPV4ADDR is known when the node boots, and is put in then

			SEARCH_DOMAIN = b.example
			    from  farm.conf:10 [storage], LIKE of [52:54:00:00:00:01]
			    lost  a.example  (farm.conf:9 [storage], a later line of the same section, 10, replaces it)

			SYSCTL_FILES is not set
			    from  nowhere: NONE takes it back
			    lost  NONE  (farm.conf:13 [base], NONE unsets the key)
			    lost  fs.file-max = 20000000  (farm.conf:3 [default], [base], line 13, unsets the key)

			SYSLOG_HOST = 10.9.0.2
			    from  farm.conf:14 [base], LIKE of [52:54:00:00:00:01] → [storage]

			TIMEZONE = Europe/Berlin
			    from  farm.conf:8 [storage], LIKE of [52:54:00:00:00:01]
			    lost  Europe/Prague  (farm.conf:2 [default], [storage], line 8, comes first)

			24 more keys are as nobody set them: --all shows them, too
			1 warning about the file: agent check farm.conf
			"
		`);
	});

	test("--all lists as many keys as json has origins", () => {
		const text = page(farm, { mac: "52:54:00:00:00:01", all: true });
		for (const [key, { via }] of Object.entries(explained(farm, { mac: "52:54:00:00:00:01" }).origins)) {
			expect(text).toMatch(new RegExp(`^${key} (= |is not set)`, "m"));
			if (via !== "unset") expect(text).toContain(via);
		}
		expect(text).not.toContain("--all");
	});

	test("no line is wider than the page, but for values", () => {
		for (const line of page(farm, { mac: "52:54:00:00:00:01", all: true }).split("\n")) {
			if (!/^[A-Z_\d]+ =/.test(line)) expect(line.length).toBeLessThanOrEqual(100);
		}
	});

	test("without a name: what every node gets", () => {
		expect(page(farm, {})).toMatch(/^node {6}any that no section names\nsections {2}\[default\]/);
	});
});

describe("one key", () => {
	test("any case; json has that one alone", () => {
		const { values, origins } = explained(farm, { key: "timezone", mac: "52:54:00:00:00:01" });
		expect([values, Object.keys(origins)]).toEqual([{ TIMEZONE: "Europe/Berlin" }, ["TIMEZONE"]]);
	});

	test.each(["SYSCTL_*", "SYSCTL_"])("%s is the family", (key) => {
		expect(Object.keys(explained(farm, { key }).values)).toEqual(["SYSCTL_FILES"]);
	});

	test("its default, without --all", () => {
		expect(page(farm, { key: "ON_FAILURE" })).toContain("ON_FAILURE = reboot\n    from  default");
	});

	test("one that is set elsewhere only: where", () => {
		const text = page(farm, { key: "TIMESERVER", hostname: "node7" });
		expect(text).toContain("TIMESERVER is not set: the image's time servers");
		expect(text).toContain(
			`TIMESERVER is set in sections of ${basename(farm)} that do not apply to this node: line 24 [elsewhere]`,
		);
	});

	test("a known key that nothing mentions is no mistake", () => {
		expect(page(farm, { key: "FSTAB_99" })).toContain("FSTAB_99 is not set");
	});

	test.each([
		["TIMEZON", "did you mean TIMEZONE?"],
		["FTSAB_01", "did you mean FSTAB_01?"],
		["QQQQQQQQ", "docs/lts-conf.md"],
	])("%s is unknown; the hint: %s", (key, hint) => {
		const run = () => page(farm, { key });
		expect(run).toThrow(NetherdError);
		expect(run).toThrow(
			expect.objectContaining({ code: "usage.unknown-key", hint: expect.stringContaining(hint) }),
		);
	});
});

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
