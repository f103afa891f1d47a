import { describe, expect, test } from "vitest";
import { expand, expandedLengthLimit, referencedNames } from "../../agent/config/expand.ts";

const known: Readonly<Record<string, string>> = {
	SERVER: "10.9.0.1",
	EMPTY: "",
	DOLLAR: "$SERVER",
	filename: "x",
};
const lookup = (name: string) => (Object.hasOwn(known, name) ? known[name] : undefined);

describe("expand", () => {
	test.each([
		["$SERVER", "10.9.0.1", []],
		["a${SERVER}b", "a10.9.0.1b", []],
		["$SERVERb", "$SERVERb", ["$SERVERb"]],
		["$EMPTY.", ".", []],
		["$filename", "x", []],
		["$server", "$server", ["$server"]],
		["\\$SERVER", "$SERVER", []],
		["\\\\$SERVER", "\\10.9.0.1", []],
		["\\\\\\$SERVER", "\\$SERVER", []],
		["$DOLLAR", "$SERVER", []],
		["$HOME", "$HOME", ["$HOME"]],
		["${SERVER:-x}", "${SERVER:-x}", ["${"]],
		["$(cat $SERVER)", "$(cat 10.9.0.1)", ["$("]],
		["`date`", "`date`", ["`"]],
		["$1 $$ $? $#", "$1 $$ $? $#", ["$1", "$$", "$?", "$#"]],
		["5$ and $ x $", "5$ and $ x $", []],
	])("%s", (raw, text, left) => {
		expect(expand(raw, lookup)).toEqual({ text, left, tooLong: false });
	});

	test("a thousand laughs", () => {
		let text = "lol";
		let isTooLong = false;
		for (let i = 0; i < 30 && !isTooLong; i++) {
			const before = text;
			const expansion = expand("$X$X$X$X$X$X$X$X$X$X", () => before);
			isTooLong = expansion.tooLong;
			text = expansion.text;
		}
		expect(isTooLong).toBe(true);
		expect(text).toBe("");
	});

	test("just at the limit", () => {
		const half = "x".repeat(expandedLengthLimit / 2);
		expect(expand("$A$A", () => half)).toMatchObject({ tooLong: false });
		expect(expand("$A$A.", () => half)).toMatchObject({ tooLong: true });
	});
});

test("referencedNames", () => {
	expect(referencedNames("$A ${B} \\$C $A $(x $D) $1")).toEqual(["A", "B", "D"]);
	expect(referencedNames("plain")).toEqual([]);
});
