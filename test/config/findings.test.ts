import { describe, expect, test } from "vitest";
import {
	type Finding,
	findingToJson,
	hasErrors,
	renderFinding,
	renderFindings,
	sortFindings,
	visible,
} from "../../agent/config/findings.ts";

const finding: Finding = {
	severity: "error",
	code: "lts-conf.missing-value",
	file: "lts.conf",
	line: 2,
	column: 5,
	endColumn: 8,
	message: "KEY has no value",
	hint: "Write one.",
};

describe("renderFinding", () => {
	test("names the place, shows the line, marks the text, gives the hint", () => {
		expect(renderFinding(finding, "[default]\n    KEY =\nB = 2\n", { colour: false })).toBe(
			`lts.conf:2:5: error[lts-conf.missing-value]: KEY has no value
  2 |     KEY =
    |     ^^^
  hint: Write one.`,
		);
	});

	test("cuts a long line to a window around the place", () => {
		const source = `${"a".repeat(500_000)}HERE${"b".repeat(500_000)}`;
		const rendered = renderFinding({ ...finding, line: 1, column: 500_001, endColumn: 500_005 }, source, {
			colour: false,
		});
		const [, line = "", caret = ""] = rendered.split("\n");
		expect(line.length).toBeLessThan(120);
		expect(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("HERE");
		expect(line).toMatch(/\| …a+HEREb+…$/);
	});

	test("makes control characters, half surrogates and text direction visible, and keeps the caret in place", () => {
		const rendered = renderFinding(
			{ ...finding, line: 1, column: 9, endColumn: 10 },
			"\u001b[31m\u202e\ud800\tX\r\n",
			{
				colour: false,
			},
		);
		const [, line = "", caret = ""] = rendered.split("\n");
		expect(line).toBe("  1 | ␛[31m<U+202E><U+D800> X");
		expect(line[caret.indexOf("^")]).toBe("X");
	});

	test("colours by severity", () => {
		const red = "\u001b[1;31m";
		const yellow = "\u001b[1;33m";
		expect(renderFinding(finding, "a\nb", { colour: true })).toContain(`${red}error[`);
		expect(renderFinding({ ...finding, severity: "warning" }, "a\nb", { colour: true })).toContain(
			`${yellow}warning[`,
		);
	});

	test("a place beyond the text has no source line", () => {
		expect(renderFinding({ ...finding, line: 99 }, "a\n", { colour: false })).toBe(
			"lts.conf:99:5: error[lts-conf.missing-value]: KEY has no value\n  hint: Write one.",
		);
	});

	test("several findings, in any order of lines", () => {
		const at = (line: number) => ({ ...finding, line, column: 1, endColumn: 2 });
		const rendered = renderFindings([at(3), at(1), at(2)], "one\ntwo\nthree", { colour: false });
		expect(rendered.match(/\| (one|two|three)$/gm)).toEqual(["| three", "| one", "| two"]);
	});
});

test("findings sort by file, line and column, an error before a warning", () => {
	const at = (line: number, column: number, severity: Finding["severity"] = "error") => ({
		...finding,
		line,
		column,
		severity,
	});
	const sorted = [at(1, 2), at(1, 3, "error"), at(1, 3, "warning"), at(2, 1)];
	expect(sortFindings(sorted.toReversed())).toEqual(sorted);
});

test("the JSON form has exactly the documented members", () => {
	expect(findingToJson(finding)).toEqual({
		severity: "error",
		code: "lts-conf.missing-value",
		file: "lts.conf",
		line: 2,
		column: 5,
		message: "KEY has no value",
		hint: "Write one.",
	});
});

test("only errors count as errors", () => {
	expect(hasErrors([{ ...finding, severity: "warning" }])).toBe(false);
	expect(hasErrors([{ ...finding, severity: "warning" }, finding])).toBe(true);
});

test("visible cuts and escapes", () => {
	expect(visible("a\nb\u0000c")).toBe("a␊b␀c");
	expect(visible("x".repeat(100))).toBe(`${"x".repeat(59)}…`);
});
