import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const keeper = join(import.meta.dirname, "../../image/code-cache.ts");
const folder = mkdtempSync(join(tmpdir(), "netherd-code-cache-"));
const bundle = join(folder, "bundle.cjs");

beforeAll(() => {
	writeFileSync(
		bundle,
		`(function (exports, require, module) {
			function used(word) { return [word, { one: 1, two: 2 }].map(String); }
			if (process.argv[2] === "fail") process.exitCode = 3;
			process.stdout.write(used(process.argv[2]).join());
		})`,
	);
});
afterAll(() => rmSync(folder, { recursive: true }));

function keep(name: string, ...runs: string[][]): string {
	const output = join(folder, name);
	execFileSync(process.execPath, ["--hash-seed=1", keeper, bundle, output, JSON.stringify(runs)], {
		stdio: "pipe",
	});
	return output;
}

test("the same each time, larger by what was run, and taken by a Node without options", () => {
	const [first, second] = [keep("first", ["a"]), keep("second", ["a"])].map((file) => readFileSync(file));
	expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
	expect(first?.length).toBeGreaterThan(readFileSync(keep("idle")).length);

	const script = `const { Script } = require("node:vm"), { readFileSync } = require("node:fs");
		const [bundle, cache] = process.argv.slice(1).map((file) => readFileSync(file));
		const { cachedDataRejected } = new Script(bundle.latin1Slice(), { filename: "bundle.cjs", cachedData: cache });
		console.log(cachedDataRejected);`;
	const said = execFileSync(process.execPath, ["-e", script, bundle, join(folder, "first")], {
		encoding: "utf8",
	});
	expect(said.trim()).toBe("false");
});

test("a run that fails is no run to keep", () => {
	expect(() => keep("failed", ["fail"])).toThrow(/ended with exit code 3/);
});
