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

test("the example is without findings", () => {
	const text = readFileSync(join(import.meta.dirname, "../../examples/lts.conf"), "utf8");
	expect(checkLtsConf(text, "lts.conf")).toEqual([]);
});
