import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globMatches, isGlob } from "../../agent/config/glob.ts";

describe("globMatches", () => {
	test.each([
		["node*", "node17", true],
		["NODE*", "node17", true],
		["node*", "NODE17", true],
		["10.9.0.*", "10.9.0.17", true],
		["52:54:00:*:?1", "52:54:00:00:00:01", true],
		["node?", "node17", false],
		["*7", "node17", true],
		["node1[0-5]", "node13", true],
		["node1[0-5]", "node17", false],
		["node1[!0-5]", "node17", true],
		["*", "", true],
		["?", "", false],
		["node", "node1", false],
		["node[", "node[", true],
		["a\\*b", "a*b", true],
		["a\\*b", "axb", false],
	])("%s, %s: %s", (pattern, text, expected) => {
		expect(globMatches(pattern, text)).toBe(expected);
	});

	test("many stars take no time", () => {
		expect(globMatches(`${"*a".repeat(100)}b`, "a".repeat(10_000))).toBe(false);
	});

	test("agrees with the case statement of sh", () => {
		const characters = fc.constantFrom("a", "b", "c", "1", ".", "-");
		const patterns = fc.array(
			fc.oneof(characters, fc.constantFrom("*", "?", "[ab]", "[!ab]", "[a-c1]", "[]a]", "[a", "]")),
			{ minLength: 1, maxLength: 6 },
		);
		const texts = fc.array(characters, { maxLength: 6 });
		const samples = fc
			.sample(fc.tuple(patterns, texts), { numRuns: 1500, seed: 2 })
			.map(([pattern, text]): [string, string] => [pattern.join(""), text.join("")]);
		const script = "while [ $# -gt 0 ]; do case $2 in $1) echo true ;; *) echo false ;; esac; shift 2; done";
		const expected = execFileSync("sh", ["-c", script, "sh", ...samples.flat()], { env: { LC_ALL: "C" } })
			.toString()
			.trim()
			.split("\n");
		const differing = samples.filter(
			([pattern, text], index) => String(globMatches(pattern, text)) !== expected[index],
		);
		expect(differing).toEqual([]);
	});
});

test("a name is a pattern when it holds a character of patterns", () => {
	expect(["node1", "10.9.0.1", "52:54:00:00:00:01", "größe"].filter(isGlob)).toEqual([]);
	expect(["node*", "node?", "n[ab]"].filter(isGlob)).toHaveLength(3);
});
