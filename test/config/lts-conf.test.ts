import { describe, expect, test } from "vitest";
import { hasErrors } from "../../agent/config/findings.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { limits } from "../../agent/config/lts-conf-parser.ts";

/** Findings as `line:column severity code`. */
function places(text: string): string[] {
	return parseLtsConf(text, "lts.conf").findings.map(
		({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`,
	);
}

function values(text: string): Record<string, Record<string, string>> {
	const { sections, findings } = parseLtsConf(text, "lts.conf");
	expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
	return Object.fromEntries(
		sections.map(({ name, entries }) => [
			name,
			Object.fromEntries(entries.map(({ key, value }) => [key, value])),
		]),
	);
}

describe("places", () => {
	test("of sections, keys and values", () => {
		const text = '# farm\n\n[ Node1 ]\n\tKey_1 = "a b"\n  B=x y # c\n';
		const { sections } = parseLtsConf(text, "lts.conf");
		expect(sections).toEqual([
			{
				name: "node1",
				nameAsWritten: "Node1",
				line: 3,
				column: 1,
				start: 10,
				end: 15,
				entries: [
					{
						key: "KEY_1",
						value: "a b",
						raw: "a b",
						quoted: true,
						line: 4,
						column: 2,
						valueLine: 4,
						valueColumn: 11,
						start: 28,
						end: 31,
					},
					{
						key: "B",
						value: "x y",
						raw: "x y",
						quoted: false,
						line: 5,
						column: 3,
						valueLine: 5,
						valueColumn: 5,
						start: 37,
						end: 40,
					},
				],
			},
		]);
		expect(sections[0]?.entries.map(({ start, end }) => text.slice(start, end))).toEqual(["a b", "x y"]);
	});

	test("several problems in one run, each at its character", () => {
		expect(
			places(`A = 1
[default]
B =
C = don't
junk
D = "a" "b"
E E = 1
F = a=b
= 1
G = "open
]
[unclosed
H = x]
I = [x
include "more.conf"
`),
		).toEqual([
			"1:1 error lts-conf.key-before-section",
			"3:1 error lts-conf.missing-value",
			"4:8 error lts-conf.single-quote",
			"5:1 error lts-conf.missing-equals",
			"6:8 error lts-conf.text-between-quotes",
			"7:1 error lts-conf.bad-key",
			"8:6 error lts-conf.unquoted-character",
			"9:1 error lts-conf.missing-key",
			"10:5 error lts-conf.unterminated-quote",
			"11:1 error lts-conf.unexpected-bracket",
			"12:1 error lts-conf.unclosed-section",
			"13:6 error lts-conf.unquoted-character",
			"14:5 error lts-conf.unquoted-character",
			"15:1 error lts-conf.include",
		]);
	});

	test("every finding has a message and a hint, and marks text of its line", () => {
		const text = "[]\n[ = x\n[a]\nB = 'x'\nC = \"x\" y\n";
		const lines = text.split("\n");
		for (const { message, hint, line, column, endColumn } of parseLtsConf(text, "lts.conf").findings) {
			expect(message).not.toBe("");
			expect(hint).toMatch(/\.$/);
			expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length);
			expect(endColumn ?? column + 1).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
		}
		expect(places(text)).toEqual([
			"1:1 error lts-conf.empty-section-name",
			"2:1 error lts-conf.bad-section",
			"4:5 error lts-conf.single-quote",
			"5:9 error lts-conf.text-after-value",
		]);
	});
});

describe("line ends are white space", () => {
	test.each([
		["a section and its first key on one line", "[a] LIKE = b\n", { a: { LIKE: "b" } }],
		["two statements after a quoted value", '[a]\nA="x" B=2\n', { a: { A: "x", B: "2" } }],
		["a section name over three lines", "[\na\n]\nA=1\n", { a: { A: "1" } }],
		["a value on the next line", '[a]\nA=\n\n  # why\n "x y"\nB=1\n', { a: { A: "x y", B: "1" } }],
		["an equals sign on the next line", "[a]\nA\n= 1\n", { a: { A: "1" } }],
		["a quoted key", '[a]\n"A"=1\n', { a: { A: "1" } }],
		[
			"line ends of DOS, blanks at line ends",
			'[a]\r\nA=1 \t\r\nB="x"\t\r\n# c\r\n',
			{ a: { A: "1", B: "x" } },
		],
		["form feeds and vertical tabs", "\f[a]\v\nA\v=\f1\v\n", { a: { A: "1" } }],
	])("%s", (_, text, expected) => {
		expect(values(text)).toEqual(expected);
	});

	test.each([
		["another key", "[a]\nA=\nB=1\n", ["2:1 error lts-conf.missing-value"]],
		["a comment", "[a]\nA= # none\nB=1\n", ["2:1 error lts-conf.missing-value"]],
		["a section", "[a]\nA=\n[b]\n", ["2:1 error lts-conf.missing-value"]],
		["the end", "[a]\nA=", ["2:1 error lts-conf.missing-value"]],
	])("but a key without a value before %s is an error", (_, text, expected) => {
		expect(places(text)).toEqual(expected);
	});
});

describe("quoted values", () => {
	test.each([
		["# = [ ] ' $ are text", `A="# = [x] it's $y"`, "# = [x] it's $y"],
		["escapes", 'A="\\" \\$ \\\\ \\`"', '" $ \\ `'],
		["other backslashes stay", String.raw`A="\d\n\'"`, String.raw`\d\n\'`],
		["escapes of a bare value", String.raw`A=\$HOME\\x`, String.raw`$HOME\x`],
		["blanks stay", `A="  a \t b  "`, "  a \t b  "],
		["empty", `A=""`, ""],
		["inner quotes join", `A="say "hi" now"`, "say hi now"],
		["quotes within a command substitution stay", `A="x $(cat "a b") y"`, `x $(cat "a b") y`],
		["nested substitutions", `A="$(a "$(b ")" c)")"`, `$(a "$(b ")" c)")`],
		["quotes within backquotes stay", 'A="`cat "a b"`"', '`cat "a b"`'],
	])("%s", (_, line, expected) => {
		expect(values(`[a]\n${line}\n`)).toEqual({ a: { A: expected } });
	});

	test.each([
		["an odd inner quote", `A="a"b"`, "2:5 error lts-conf.unterminated-quote"],
		["a last quote that is escaped", String.raw`A="abc\"`, "2:7 error lts-conf.trailing-backslash"],
		["a shell separator outside of the inner quotes", `A="a";"b"`, "2:6 error lts-conf.text-between-quotes"],
		["a quote in the comment behind it", `A="a" # "b"`, "2:6 error lts-conf.text-between-quotes"],
		["two statements with quotes on one line", `A="a" B="b"`, "2:6 error lts-conf.text-between-quotes"],
		["a bare value that ends in a backslash", "A=C:\\dir\\", "2:9 error lts-conf.trailing-backslash"],
		["an open command substitution", `A="x $(date"`, "2:6 error lts-conf.open-substitution"],
		["a single backquote", 'A="it`s"', "2:6 error lts-conf.open-substitution"],
		["an apostrophe after a quoted value", `A="x"'y'`, "2:6 error lts-conf.single-quote"],
	])("%s is an error", (_, line, expected) => {
		expect(places(`[a]\n${line}\nB=1\n`)).toEqual([expected]);
	});
});

describe("include", () => {
	test.each(['include "x"', "\tinclude x.conf", "include = x", 'Include "x"'])("%s is reported", (line) => {
		expect(places(`[a]\nA=1\n${line}\nB=2\n`)).toEqual([`3:${line.search(/i/i) + 1} error lts-conf.include`]);
	});

	test("a key that starts with the word is a key", () => {
		expect(values("[a]\nINCLUDE = x\nincluded=1\ninclude=2\n")).toEqual({
			a: { INCLUDE: "2", INCLUDED: "1" },
		});
	});
});

describe("encodings", () => {
	test("a byte order mark is skipped, with a warning", () => {
		expect(places("\ufeff[a]\nA=1\n")).toEqual(["1:1 warning lts-conf.byte-order-mark"]);
	});

	test("bytes that are not UTF-8 are an error where they are read, not in comments", () => {
		expect(places("[a]\nA=f\ufffdr # f\ufffdr\n# \ufffd\n")).toEqual(["2:4 error lts-conf.not-text"]);
		expect(places("[f\ufffdr]\n")).toEqual(["1:3 error lts-conf.not-text"]);
	});

	test("the line ends of old Macs are an error, not one long comment", () => {
		expect(places("# farm\r[default]\rA=1\r")[0]).toBe("1:7 error lts-conf.not-text");
	});

	test("other scripts are text", () => {
		expect(values('[größe]\nA=žluťoučký\nB="日本 🐄"\n')).toEqual({
			größe: { A: "žluťoučký", B: "日本 🐄" },
		});
	});

	test("a blank that is none is named", () => {
		expect(places("[a]\nA\u00a0=1\n")).toEqual(["2:1 error lts-conf.bad-key"]);
	});
});

// Sizes that an operator meets when the wrong file is served; each must end in a located finding, soon.
describe("unreasonable files", () => {
	test("50 MB", () => {
		const text = `[default]\n${'A = "some value"\n'.repeat(3_000_000)}`;
		const { findings, sections } = parseLtsConf(text, "lts.conf");
		expect(findings.map(({ code }) => code)).toEqual(["lts-conf.too-large"]);
		expect(findings[0]?.line).toBeGreaterThan(1_000_000);
		expect(sections).toEqual([]);
	});

	test("half a million keys", () => {
		const text = `[default]\n${"A=1\n".repeat(limits.entries + 1)}`;
		expect(places(text)).toEqual([`${limits.entries + 2}:1 error lts-conf.too-large`]);
	});

	test("a line of 10 MB", () => {
		const line = `A = "${"x".repeat(10_000_000)}"`;
		expect(places(`[default]\n${line}\njunk\n`)).toEqual([
			"2:1 error lts-conf.line-too-long",
			"3:1 error lts-conf.missing-equals",
		]);
		expect(places(line)).toEqual(["1:1 error lts-conf.line-too-long"]);
	});

	test("a value that no program could get in its environment", () => {
		expect(places(`[default]\nA = "${"x".repeat(131_072)}"\n`)).toEqual([
			"2:5 error lts-conf.value-too-long",
		]);
	});

	test("binary data", () => {
		const bytes = new Uint8Array(1_000_000).map((_, index) => (index * 7919 + (index >> 3)) & 255);
		const { findings } = parseLtsConf(new TextDecoder().decode(bytes), "lts.conf");
		expect(hasErrors(findings)).toBe(true);
		expect(findings.length).toBeLessThan(5);
		expect(findings[0]).toMatchObject({ code: "lts-conf.not-text", line: 1 });
	});

	test("UTF-16", () => {
		const text = Buffer.from("\ufeff[default]\nA=1\n", "utf16le").toString("utf8");
		expect(places(text)[0]).toMatch(/^1:\d+ error lts-conf.not-text$/);
	});

	test("only mistakes: the first hundred, and a last one that says so", () => {
		const { findings } = parseLtsConf("junk\n".repeat(100_000), "lts.conf");
		expect(findings.length).toBe(limits.findings + 1);
		expect(findings.at(-1)).toMatchObject({
			severity: "error",
			code: "lts-conf.too-many-findings",
			line: 100,
		});
	});

	// Each would take minutes if a step back in the text cost as much as its line or the file is long.
	test.each([
		["sections", "[a]".repeat(300_000)],
		["sections with keys", "[a]b=1".repeat(150_000)],
		["carriage returns", `[a]\nA=1${"\r".repeat(1_000_000)}`],
		["carriage returns and blanks", `[a]\nA=1${"\r ".repeat(500_000)}`],
		["open brackets", "[\n".repeat(1_000_000)],
		["backslashes", `[a]\nA="${"\\\\".repeat(60_000)}"`],
		["parentheses", `[a]\nA="$(${"(".repeat(60_000)}${")".repeat(60_000)})"`],
		["comments", `${"# \ufffd'\"[=\n".repeat(1_000_000)}`],
	])("many %s", (_, text) => {
		expect(parseLtsConf(text, "lts.conf").findings.length).toBeLessThanOrEqual(limits.findings + 1);
	});
});
