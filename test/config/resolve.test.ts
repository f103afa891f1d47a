import { describe, expect, test } from "vitest";
import { codes, resolve, values } from "./support/resolved.ts";

describe("typed values", () => {
	const { configuration } = resolve(`[default]
LTSP_NBD_TO_RAM = No
OVERLAY_TMPFS_SIZE = 2G
ON_FAILURE_DELAY = 1m
KEEP_SYSTEM_SERVICES = "ssh,  cron rpcbind"
HOSTNAME = ""
FSTAB_10 = "c"
FSTAB_2 = "b"
FSTAB_01_A = "a"
FSTAB_3 = ""
`);

	test("come as their types", () => {
		expect(configuration.boolean("LTSP_NBD_TO_RAM")).toBe(false);
		expect(configuration.size("OVERLAY_TMPFS_SIZE")).toEqual({ bytes: 2 * 1024 ** 3 });
		expect(configuration.durationMs("ON_FAILURE_DELAY")).toBe(60_000);
		expect(configuration.list("KEEP_SYSTEM_SERVICES")).toEqual(["ssh", "cron", "rpcbind"]);
	});

	test("an empty value is not set, but part of all values", () => {
		expect(configuration.text("HOSTNAME")).toBeUndefined();
		expect(configuration.entries().map(({ key }) => key)).toContain("HOSTNAME");
	});

	test("families come in natural order, without empty ones", () => {
		expect(configuration.family("FSTAB_")).toEqual([
			{ key: "FSTAB_01_A", value: "a", whence: "lts.conf:9 [default]" },
			{ key: "FSTAB_2", value: "b", whence: "lts.conf:8 [default]" },
			{ key: "FSTAB_10", value: "c", whence: "lts.conf:7 [default]" },
		]);
	});

	test("defaults are those of the key table", () => {
		const { configuration: empty } = resolve("");
		expect(empty.boolean("LTSP_NBD_TO_RAM")).toBe(true);
		expect(empty.boolean("USE_LOCAL_SWAP")).toBe(false);
		expect(empty.size("OVERLAY_TMPFS_SIZE")).toEqual({ percent: 50 });
		expect(empty.size("IMAGE_TMPFS_SIZE")).toBeUndefined();
		expect(empty.text("ON_FAILURE")).toBe("reboot");
		expect(empty.durationMs("ON_FAILURE_DELAY")).toBeUndefined();
		expect(empty.list("RM_SYSTEM_SERVICES")).toEqual([]);
		expect(empty.whence("ON_FAILURE")).toBe("default");
		expect(empty.entries()).toEqual([]);
	});
});

describe("priority", () => {
	const text = `[default]
A = default
B = default
C = default
NO = default
[node*]
A = pattern
B = pattern
[group]
A = group
NO = none
[node1]
LIKE = group
A = first
A = exact
`;

	test("exact, LIKE, pattern, default, command line", () => {
		const resolved = resolve(text, { commandLine: "ltsp.a=line ltsp.no=line ltsp.d=line" });
		// As in LTSP 5, NONE takes back what sections say; the command line stands.
		expect(values(resolved)).toEqual({ A: "exact", B: "pattern", C: "default", D: "line", NO: "line" });
	});

	test("what decided, and everything that lost, with the reason", () => {
		const { configuration } = resolve(text, { commandLine: "ltsp.a=line" });
		expect(configuration.explain("A")).toEqual({
			key: "A",
			value: "exact",
			origin: {
				kind: "lts.conf",
				file: "/srv/lts.conf",
				line: 15,
				column: 1,
				section: "node1",
				via: "host name node1",
			},
			lost: [
				{
					value: "first",
					file: "/srv/lts.conf",
					line: 14,
					section: "node1",
					why: "a later line of the same section, 15, replaces it",
				},
				{
					value: "group",
					file: "/srv/lts.conf",
					line: 10,
					section: "group",
					why: "[node1], line 15, comes first",
				},
				{
					value: "pattern",
					file: "/srv/lts.conf",
					line: 7,
					section: "node*",
					why: "[node1], line 15, comes first",
				},
				{
					value: "default",
					file: "/srv/lts.conf",
					line: 2,
					section: "default",
					why: "[node1], line 15, comes first",
				},
				{ value: "line", why: "lts.conf comes before the command line" },
			],
		});
		expect(configuration.explain("NO")).toMatchObject({
			origin: { kind: "unset" },
			lost: [
				{ value: "none", line: 11, why: "NONE unsets the key" },
				{ value: "default", line: 5, why: "[group], line 11, unsets the key" },
			],
		});
		expect(configuration.explain("NO")).not.toHaveProperty("value");
		expect(configuration.explain("NOBODY")).toBeUndefined();
		expect(configuration.whence("A")).toBe("lts.conf:15 [node1]");
		expect(configuration.whence("B")).toBe("lts.conf:8 [node*]");
	});

	test("a value over a default", () => {
		expect(
			resolve("[default]\nON_FAILURE=shell\n", {
				commandLine: "ltsp.on_failure=poweroff",
			}).configuration.explain("ON_FAILURE"),
		).toMatchObject({
			value: "shell",
			lost: [
				{ value: "poweroff", why: "lts.conf comes before the command line" },
				{ value: "reboot", why: "the command line comes before the default" },
			],
		});
	});

	test("the sections that apply, with reasons", () => {
		expect(
			resolve(text).configuration.sections.map(({ section, reason }) => [section.name, reason.kind]),
		).toEqual([
			["node1", "exact"],
			["group", "like"],
			["node*", "pattern"],
			["default", "default"],
		]);
	});
});

describe("findings", () => {
	test("for the lines that apply to this node only", () => {
		const resolved = resolve(
			"[node1]\nOVERLAY_TMPFS_SIZE = much\nSCREEN_07 = ldm\n[node2]\nOVERLAY_TMPFS_SIZE = more\nSCREEN_07=ldm\n",
		);
		expect(codes(resolved)).toEqual([
			"/srv/lts.conf:2:22 error lts-conf.bad-value",
			"/srv/lts.conf:3:1 warning lts-conf.no-effect",
		]);
		expect(resolved.findings[0]?.message).toBe(
			"OVERLAY_TMPFS_SIZE: much: not a size; write 50%, 2G, 512M or a number of bytes",
		);
	});

	test("a value that lost is not checked, nor one that NONE unsets", () => {
		expect(
			codes(
				resolve(
					"[default]\nOVERLAY_TMPFS_SIZE = much\nIMAGE=../x\n[node1]\nOVERLAY_TMPFS_SIZE = 1G\nIMAGE=none\n",
				),
			),
		).toEqual([]);
	});

	test("for keys of the command line that count", () => {
		const resolved = resolve("[default]\nON_FAILURE = shell\n", {
			commandLine: "quiet ltsp.on_failure=never ltsp.overlay_tmpfs_size=9X",
		});
		expect(codes(resolved)).toEqual(["command line:1:29 error cmdline.bad-value"]);
	});

	test("for KERNEL_PARAMETERS that the node was not booted with", () => {
		const text = `[default]\nKERNEL_PARAMETERS = "nosmt a=\\"b c\\" hugepages=4"\n`;
		const booted = (commandLine: string) => resolve(text, { commandLine }).findings;
		// Nobody said what the command line is.
		expect(booted("")).toEqual([]);
		// As GRUB writes a word with a blank.
		expect(booted('root=/dev/nbd0 nosmt "a=b c" hugepages=4')).toEqual([]);
		expect(booted("root=/dev/nbd0 hugepages=4")).toMatchObject([
			{
				severity: "warning",
				code: "lts-conf.not-booted-with",
				message: "KERNEL_PARAMETERS: nosmt a=b c is not on this node's kernel command line",
				line: 2,
			},
		]);
	});

	test("a secret value is not in the message", () => {
		const { findings } = resolve("[default]\nKUBEADM_JOIN_TOKEN = hunter2\nROOT_PASSWORD_HASH = hunter2\n");
		expect(findings).toHaveLength(2);
		expect(JSON.stringify(findings)).not.toContain("hunter2");
	});
});

test("a file with a syntax error contributes nothing", () => {
	const { configuration } = resolve("[default]\nA = 1\nB = don't\n", { commandLine: "ltsp.c=1" });
	expect(configuration.entries().map(({ key }) => key)).toEqual(["C"]);
});
