import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import type { FindingJson } from "../../agent/config/findings.ts";
import { farmFile } from "./farms.ts";

const main = join(import.meta.dirname, "../../agent/main.ts");
const folder = farmFile("mistakes", "");

async function check(...words: string[]) {
	const { exitCode, stdout, stderr } = await execa(process.execPath, [main, "check", ...words], {
		cwd: folder,
		reject: false,
	});
	return { exitCode, stdout, stderr };
}

describe("agent check", () => {
	test.each([
		["lts.conf", 2],
		["syntax.conf", 2],
		["warnings.conf", 0],
	])("%s: every finding, exit code %i", async (file, expected) => {
		const { exitCode, stdout, stderr } = await check(file);
		expect([exitCode, stderr]).toEqual([expected, ""]);
		await expect(`${stdout}\n`).toMatchFileSnapshot(farmFile("mistakes", `${file}.findings.txt`));
	});

	test("--format json has the same findings", async () => {
		const text = (await check("lts.conf")).stdout;
		const json = await check("lts.conf", "--format", "json");
		expect(json.exitCode).toBe(2);
		const { findings } = JSON.parse(json.stdout) as { findings: FindingJson[] };
		const heads = findings.map(
			({ file, line, column, severity, code, message }) =>
				`${file}:${line}:${column}: ${severity}[${code}]: ${message}`,
		);
		expect(text.split("\n").filter((line) => line.startsWith("lts.conf:") && line.includes("["))).toEqual(
			heads,
		);
	});

	test("--strict: warnings alone are exit code 1, errors stay 2", async () => {
		expect((await check("--strict", "warnings.conf")).exitCode).toBe(1);
		expect((await check("--strict", "lts.conf")).exitCode).toBe(2);
	});
});

test("the mistakes are all that there are, but for those of size and encoding", () => {
	const made = new Set(
		["lts.conf", "syntax.conf"].flatMap((name) => {
			const text = readFileSync(farmFile("mistakes", name), "utf8");
			return checkLtsConf(text, name).map(({ code }) => code);
		}),
	);
	const documented = readFileSync(join(import.meta.dirname, "../../docs/errors.md"), "utf8").matchAll(
		/^### `(lts-conf\.[^`]+)`$/gm,
	);
	const others = [...documented].map((match) => match[1] ?? "").filter((code) => !made.has(code));
	expect(others).toEqual([
		"lts-conf.byte-order-mark",
		"lts-conf.key-too-long",
		"lts-conf.line-too-long",
		"lts-conf.not-booted-with",
		"lts-conf.not-text",
		"lts-conf.partly-checked",
		"lts-conf.runs-before-join",
		"lts-conf.section-name-too-long",
		"lts-conf.too-large",
		"lts-conf.too-many-findings",
		"lts-conf.value-too-long",
		"lts-conf.values-too-large",
	]);
});
