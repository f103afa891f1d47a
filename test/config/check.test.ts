import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkLtsConf, findingsLimit } from "../../agent/config/check.ts";

function places(text: string): string[] {
	return checkLtsConf(text, "lts.conf").map(
		({ line, column, severity, code }) => `${line}:${column} ${severity} ${code.replace("lts-conf.", "")}`,
	);
}

test("a file full of mistakes: everything for all nodes, sorted by position", () => {
	expect(
		places(`[default]
TIMEZON = Europe/Prague
LIKE = group
OVERLAY_TMPFS_SIZE = lots
SCREEN_07 = ldm
USE_LOCAL_SWAP = 1

[node1]
LIKE = nobody
LIKE = group
IMAGE = ../../etc/passwd
ON_FAILURE = halt
ON_FAILURE = shell

[group]
LIKE = other
FSTAB_01 = "/dev/sda1 /srv/../etc ext4 defaults 0 0"

[other]
LIKE = group

[NODE1]
DNS_SERVER = 10.9.0
`),
	).toEqual([
		"2:1 warning unknown-key",
		"3:1 warning like-in-default",
		"4:22 error bad-value",
		"5:1 warning no-effect",
		"6:18 warning bad-value",
		"9:8 warning unknown-like",
		"11:9 error bad-value",
		"12:14 error bad-value",
		"13:1 warning duplicate-key",
		"17:13 error bad-value",
		"20:8 error like-cycle",
		"22:1 warning duplicate-section",
		"23:14 error bad-value",
	]);
});

test("hints name the nearest key and the help of the key", () => {
	const findings = checkLtsConf(
		"[default]\nTIMEZON = UTC\nON_FAILURE_DELAY = soon\nINCLUDE = x\nMY_RACK = 7\n",
		"f",
	);
	expect(findings.map(({ message, hint }) => `${message} | ${hint}`)).toEqual([
		"unknown key TIMEZON | Did you mean TIMEZONE? As it stands it is only a variable for the shell lines and for $NAME.",
		"ON_FAILURE_DELAY: soon: not a duration; write 10 (seconds), 10s, 5m or 1h | How long the message of a failed boot stays on the console before that.",
		"unknown key INCLUDE | LTSP 5 has no INCLUDE; use LIKE for sections, and copy the lines of other files.",
		"unknown key MY_RACK | No step reads it. It is only a variable for the shell lines and for $NAME.",
	]);
});

test("syntax errors come with what else can be said about lines", () => {
	expect(places("[default]\nA = don't\nTIMEZON = UTC\nON_FAILURE = halt\nLIKE = x\n")).toEqual([
		"2:8 error single-quote",
		"3:1 warning unknown-key",
		"4:14 error bad-value",
		"5:1 warning like-in-default",
	]);
});

describe("values with $", () => {
	test("are looked at on every node", () => {
		expect(
			places(`[default]
OVERLAY_TMPFS_SIZE = $SIZE
DNS_SERVER = "$IPV4GATEWAY $SERVER"
KUBEADM_JOIN_ENDPOINT = "$SERVER:6443"
SIZE_OF_ALL = 1G
[small]
SIZE = 1G
[big*]
SIZE = huge
`).filter((place) => !/unknown-key|incomplete/.test(place)),
		).toEqual(["2:22 error bad-value", "2:22 warning not-expanded"]);
	});

	test("of a group are looked at with the keys of the nodes that are LIKE it", () => {
		const text =
			'[default]\nRACK = 0\n[group]\nHOSTNAME = "rack${RACK}-$SLOT"\n[node1]\nLIKE = group\nSLOT = 1\nRACK = 7\n';
		// SLOT is set by node1, but LTSP 5's order evaluates the group first.
		expect(places(text).filter((place) => !place.includes("unknown-key"))).toEqual([
			"4:13 error bad-value",
			"4:13 warning not-expanded",
		]);
		expect(places(text.replace("-$SLOT", "")).filter((place) => !place.includes("unknown-key"))).toEqual([]);
	});

	test("a command substitution is reported once, not once a node", () => {
		const nodes = Array.from({ length: 500 }, (_, i) => `[node${i}]\nLIKE = group\n`).join("");
		expect(places(`[group]\nRCFILE_01 = "echo $(date)"\n${nodes}`)).toEqual(["2:14 warning not-expanded"]);
	});
});

test("ten thousand nodes, each with its finding", () => {
	const nodes = Array.from(
		{ length: 10_000 },
		(_, i) =>
			`[node${i}]\nLIKE = rack${i % 100}\nHOSTNAME = n${i}\nOVERLAY_TMPFS_SIZE = $SIZE\nFSTAB_01 = "/dev/sda1 /srv ext4 nofail 0 0"\nNBD_SWAP=y\n`,
	);
	const racks = Array.from(
		{ length: 100 },
		(_, i) => `[rack${i}]\nSIZE = 1G\nKUBERNETES_LABEL_RACK = "rack=r${i}"\n`,
	);
	const findings = checkLtsConf(`[default]\nTIMEZONE = UTC\n${nodes.join("")}${racks.join("")}`, "f");
	expect(findings.filter(({ code }) => code === "lts-conf.no-effect")).toHaveLength(10_000);
	expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
});

test("half a million findings: the first, and one that speaks for the rest", () => {
	const findings = checkLtsConf(`[default]\n${"TIMEZONE = UTC\n".repeat(400_000)}`, "f");
	expect(findings).toHaveLength(findingsLimit + 1);
	expect(findings.at(-1)).toMatchObject({
		severity: "warning",
		code: "lts-conf.too-many-findings",
		line: findingsLimit + 3,
	});
	expect(checkLtsConf(`[default]\n${"NBD_SWAP = y\n".repeat(30_000)}IMAGE = ..\n`, "f").at(-1)).toMatchObject(
		{
			severity: "error",
			code: "lts-conf.too-many-findings",
		},
	);
});

test("the example is without findings, but for what keys do better", () => {
	const text = readFileSync(join(import.meta.dirname, "../../examples/lts.conf"), "utf8");
	expect(checkLtsConf(text, "lts.conf")).toMatchObject([
		{ severity: "warning", code: "lts-conf.join-in-rcfile" },
	]);
});

describe("files in which looking at every node would take for ever", () => {
	const chain = (count: number) =>
		Array.from(
			{ length: count },
			(_, i) => `[10.${i >> 8}.${i & 255}.1]\nLIKE = 10.${(i + 1) >> 8}.${(i + 1) & 255}.1\n`,
		);

	test.each([
		[
			"addresses that are LIKE each other in a chain",
			`[default]\nHOSTS_1 = "$SERVER x"\n${chain(20_000).join("")}`,
		],
		[
			"patterns and nodes",
			Array.from({ length: 20_000 }, (_, i) => `[g${i}*]\nHOSTS_1 = "$SERVER x"\n[n${i}]\n`).join(""),
		],
		[
			"long values, put together on every node",
			`[default]\nA = ${"x".repeat(100_000)}\nB = "$A"\nC = "$A"\n${Array.from({ length: 20_000 }, (_, i) => `[n${i}]\n`).join("")}`,
		],
	])("%s: the first nodes, and a warning", (_, text) => {
		const findings = checkLtsConf(text, "f").filter(({ code }) => !/unknown-(key|like)/.test(code));
		expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
			"warning lts-conf.partly-checked",
		]);
	});

	test("a farm of 20,000 nodes is looked at as a whole", () => {
		const nodes = Array.from(
			{ length: 20_000 },
			(_, i) => `[n${i}]\nLIKE = rack${i % 100}\nHOSTS_1 = "$SERVER s"\n`,
		);
		const racks = Array.from({ length: 100 }, (_, i) => `[rack${i}]\nTIMEZONE = UTC\n`);
		const keys = Array.from({ length: 100 }, (_, i) => `RCFILE_${i} = "echo $SERVER"\n`);
		expect(checkLtsConf(`[default]\n${[...keys, ...racks, ...nodes].join("")}`, "f")).toEqual([]);
	});
});

test("values that are too much for one node together, written or put together with $", () => {
	const long = "x".repeat(100_000);
	const codes = (text: string) =>
		checkLtsConf(text, "f")
			.filter(({ severity }) => severity === "error")
			.map(({ code, line }) => `${line} ${code}`);
	const written = Array.from({ length: 25 }, (_, i) => `RCFILE_${i} = ${long}\n`).join("");
	expect(codes(`[node1]\nLIKE = group\n[group]\n${written}`)).toEqual(["23 lts-conf.values-too-large"]);
	const referred = Array.from({ length: 25 }, (_, i) => `RCFILE_${i} = "$RCFILE_A"\n`).join("");
	expect(codes(`[default]\nRCFILE_A = ${long}\n${referred}`)).toEqual(["21 lts-conf.values-too-large"]);
	expect(codes(`[node1]\nLIKE = group\n[group]\n${written.split("\n").slice(0, 15).join("\n")}\n`)).toEqual(
		[],
	);
});
