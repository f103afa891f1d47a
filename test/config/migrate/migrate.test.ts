import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasErrors } from "../../../agent/config/findings.ts";
import { parseLtsConf } from "../../../agent/config/lts-conf.ts";
import { joinsInShell } from "../../../agent/config/migrate/join-line.ts";
import { migrateLtsConf } from "../../../agent/config/migrate/migrate.ts";
import { resolveConfiguration } from "../../../agent/config/resolve.ts";

const hash = `sha256:${"a".repeat(64)}`;
const joinTo = (endpoint: string, more = "") =>
	`kubeadm join ${endpoint} --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash ${hash}${more}`;
const codesOf = (text: string) =>
	migrateLtsConf(text, "f").findings.map(({ line, code, message }) => `${line} ${code} ${message}`);

test("keys take the place of the line, and nothing else changes", () => {
	const before = `# The farm.\r\n[default]\r\n\tTIMEZONE = UTC   # here\r\n\tRCFILE_7 = "modprobe x; ${joinTo("10.9.0.20:6443")}" # join\r\n  RCFILE_1 = "a"\r\n[node1]\r\n RCFILE_7 = NONE\r\n[node2]\r\nRCFILE_7 = echo\r\n`;
	const after = `# The farm.\r\n[default]\r\n\tTIMEZONE = UTC   # here\r\n\tKUBEADM_JOIN_ENDPOINT = "10.9.0.20:6443"\r\n\tKUBEADM_JOIN_TOKEN = "abcdef.0123456789abcdef"\r\n\tKUBEADM_JOIN_CA_CERT_HASH = "${hash}"\r\n\tRCFILE_7 = "modprobe x" # join\r\n  RCFILE_1 = "a"\r\n[node1]\r\n KUBEADM_JOIN_ENDPOINT = NONE\r\n RCFILE_7 = NONE\r\n[node2]\r\nKUBEADM_JOIN_ENDPOINT = NONE\r\nRCFILE_7 = echo\r\n`;
	expect(migrateLtsConf(before, "f")).toEqual({ text: after, findings: [], migrated: 1 });
	expect(migrateLtsConf(after, "f")).toEqual({ text: after, findings: [], migrated: 0 });
});

test("sections without lines between", () => {
	const before = `[default] RCFILE_7 = "${joinTo("a:1")}"\n[x]`;
	expect(migrateLtsConf(before, "f").text).toBe(
		`[default] KUBEADM_JOIN_ENDPOINT = "a:1"\nKUBEADM_JOIN_TOKEN = "abcdef.0123456789abcdef"\nKUBEADM_JOIN_CA_CERT_HASH = "${hash}"\n[x]`,
	);
});

test("what one section's line has and another's has not is taken back there", () => {
	const before = `[default]\nRCFILE_7 = "${joinTo("a:1", " --node-name $NAME")}"\nNAME = x\n[node1]\nRCFILE_7 = "kubeadm join --config /etc/join.yaml"\n`;
	expect(migrateLtsConf(before, "f").text).toBe(
		`[default]\nKUBEADM_JOIN_ENDPOINT = "a:1"\nKUBEADM_JOIN_TOKEN = "abcdef.0123456789abcdef"\nKUBEADM_JOIN_CA_CERT_HASH = "${hash}"\nNODE_NAME = "$NAME"\nKUBEADM_JOIN_CONFIG = NONE\nNAME = x\n[node1]\nKUBEADM_JOIN_CONFIG = "/etc/join.yaml"\nKUBEADM_JOIN_ENDPOINT = NONE\nKUBEADM_JOIN_TOKEN = NONE\nKUBEADM_JOIN_CA_CERT_HASH = NONE\nNODE_NAME = NONE\n`,
	);
});

test("a line that ran after the join is told", () => {
	expect(codesOf(`[default]\nRCFILE_7 = "${joinTo("a:1")}"\nRCFILE_10 = "b"\nRCFILE_2 = "c"\n`)).toEqual([
		"3 lts-conf.runs-before-join RCFILE_10 ran after the join, and runs before it now",
	]);
});

describe("stays, all of it, with the reason", () => {
	const good = `RCFILE_7 = "${joinTo("a:1")}"\n`;
	test.each([
		[
			"an option without a key",
			`[default]\nRCFILE_7 = "${joinTo("a:1", " --control-plane")}"\n`,
			"no key stands for",
		],
		[
			"one of two",
			`[default]\n${good}[x]\nRCFILE_7 = "${joinTo("a:1", " --control-plane")}"\n`,
			"no key stands for",
		],
		["keys that are there", `[default]\n${good}[x]\nKUBEADM_JOIN_ENDPOINT = b:1\n`, "keys of a join already"],
		["two in a section", `[default]\n${good}RCFILE_8 = "${joinTo("b:1")}"\n`, "has RCFILE_8 in line 3, too"],
		["the same key twice", `[default]\n${good}RCFILE_7 = "b"\n`, "has RCFILE_7 in line 3, too"],
		[
			"two names, one of them taken back",
			`[default]\n${good}[x]\nRCFILE_8 = "${joinTo("b:1")}"\n[y]\nRCFILE_7 = NONE\n`,
			"line 6 takes one of them back",
		],
		[
			"a variable of the shell",
			`[default]\nRCFILE_7 = "${joinTo("$API:1")}"\n`,
			"$API is a variable of the shell",
		],
		[
			"half a token",
			`[default]\nID = abcdef\nRCFILE_7 = "${joinTo("a:1").replace("abcdef.", "$ID.")}"\n`,
			"a part of what",
		],
		[
			"a bad value",
			`[default]\nRCFILE_7 = "${joinTo("https://a:1")}"\n`,
			"KUBEADM_JOIN_ENDPOINT: https://a:1",
		],
		["inner quotes", `[default]\nRCFILE_7 = "${joinTo('\\"a:1\\"')}"\n`, "a backslash"],
	])("%s", (_, text, reason) => {
		const { text: after, findings, migrated } = migrateLtsConf(text, "f");
		expect([after, migrated]).toEqual([text, 0]);
		expect(findings.map(({ message }) => message)).toContainEqual(expect.stringContaining(reason));
	});
});

test("a file with errors stays, with its errors", () => {
	const text = `[default]\nRCFILE_7 = "${joinTo("a:1")}"\nX = "\n`;
	const { text: after, findings } = migrateLtsConf(text, "f");
	expect([after, hasErrors(findings)]).toEqual([text, true]);
});

/** Where a node joins, in a shell line or by keys; undefined: nowhere. */
function joinOf(text: string, hostname: string | undefined): string | undefined {
	const { configuration } = resolveConfiguration({
		file: parseLtsConf(text, "f"),
		identities: hostname === undefined ? {} : { hostname },
		commandLine: { keys: new Map(), parameters: [] },
		facts: {},
	});
	const lines = configuration.family("RCFILE_").filter(({ value }) => joinsInShell(value));
	const inShell = lines.map(({ value }) => /join (\S+)/.exec(value)?.[1]);
	const byKey = configuration.text("KUBEADM_JOIN_ENDPOINT");
	return [...inShell, byKey].filter((each) => each !== undefined)[0];
}

const line = fc.constantFrom(
	'RCFILE_7 = "echo seven"',
	"RCFILE_7 = NONE",
	'RCFILE_7 = ""',
	...["a:1", "b:1"].map((endpoint) => `RCFILE_7 = "${joinTo(endpoint)}"`),
	`RCFILE_7 = "modprobe x; ${joinTo("c:1", " --node-name n")}" # why`,
	`RCFILE_8 = "${joinTo("d:1")}"`,
	`RCFILE_7 = "${joinTo("e:1", " --control-plane")}"`,
	"RCFILE_10 = later",
	"TIMEZONE = UTC",
	"LIKE = group1",
	"LIKE = group2",
	"# a comment",
);
const farms = fc
	.tuple(
		fc.uniqueArray(fc.constantFrom("default", "node1", "node2", "node*", "group1", "group2"), {
			maxLength: 6,
		}),
		fc.array(fc.array(line, { maxLength: 3 }), { minLength: 6, maxLength: 6 }),
		fc.constantFrom("\n", "\r\n"),
	)
	.map(([names, lines, end]) =>
		names.map((name, index) => [`[${name}]`, ...(lines[index] ?? []), ""].join(end)).join(""),
	);

test("of any farm: who joins and where stays the same, once is enough, and no line is lost", () => {
	const seen = { migrated: 0, left: 0 };
	fc.assert(
		fc.property(farms, (before) => {
			if (hasErrors(parseLtsConf(before, "f").findings)) return;
			const { text: after, migrated, findings } = migrateLtsConf(before, "f");
			seen[migrated > 0 ? "migrated" : "left"]++;
			expect(hasErrors(parseLtsConf(after, "f").findings)).toBe(false);
			for (const node of [undefined, "node1", "node2", "node3"]) {
				const was = joinOf(before, node);
				const is = joinOf(after, node);
				expect(is === undefined, `${node}: ${was} ${is}`).toBe(was === undefined);
				if (/RCFILE_8/.test(before)) continue;
				expect(is).toBe(was);
			}
			const again = migrateLtsConf(after, "f");
			expect(again.text).toBe(after);
			if (migrated === 0) expect(after).toBe(before);
			else expect(findings.filter(({ code }) => code === "lts-conf.join-in-rcfile")).toEqual([]);
			const ours = /^\s*(?:KUBEADM_|NODE_NAME|RCFILE_7 = "modprobe x)/;
			const kept = after.split("\n").filter((each) => !ours.test(each));
			const isJoin = migrated > 0 ? /kubeadm join/ : ours;
			expect(kept).toEqual(before.split("\n").filter((each) => !isJoin.test(each)));
		}),
		{ numRuns: 2000 },
	);
	expect(seen.migrated).toBeGreaterThan(100);
	expect(seen.left).toBeGreaterThan(100);
});
