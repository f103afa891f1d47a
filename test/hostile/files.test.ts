import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../agent/commands/check.ts";
import { describeNode } from "../../agent/commands/describe-node.ts";
import { explain } from "../../agent/commands/explain.ts";
import type { FindingJson } from "../../agent/config/findings.ts";
import { NetherdError } from "../../agent/errors.ts";
import { serializePlans } from "../../agent/plan/plan.ts";
import { runCommand, temporaryFiles } from "../commands/run-command.ts";
import { goldenFiles } from "../golden/farms.ts";
import { planOf } from "../lib/plan-text.ts";

const write = temporaryFiles();
const golden = goldenFiles().map((file) => readFileSync(file, "utf8"));

interface Outcome {
	readonly exitCode: number;
	readonly errors: readonly FindingJson[];
	/** What planning a node with the file ended in: the number of stages, or the code of an error. */
	readonly planned: number | string;
}

const node = { hostname: "s0", mac: "52:54:00:00:00:01", ip: "10.9.0.1", cmdline: undefined };

/** Runs check, explain and the planning of a dry run over a file; none may throw but for the person at the console. */
async function everyCommand(content: string | Buffer): Promise<Outcome> {
	const file = write("lts.conf", content);
	const checked = runCommand("json", (output) => check(file, { strict: false }, output));
	const findings = (JSON.parse(checked.stdout) as { findings: FindingJson[] }).findings;
	const errors = findings.filter(({ severity }) => severity === "error");
	expect(checked.exitCode).toBe(errors.length === 0 ? 0 : 2);
	expectPlaces(findings, content.toString("utf8"));
	runCommand("text", (output) => check(file, { strict: false }, output));
	const explained = runCommand("text", (output) => explain(file, undefined, { ...node, all: true }, output));
	expect(explained.exitCode).toBe(checked.exitCode);
	return { exitCode: checked.exitCode, errors, planned: await plan(file) };
}

async function plan(file: string): Promise<number | string> {
	try {
		const { stages } = await describeNode({ ...node, conf: file, offline: true }, () => undefined);
		const plans = stages.map(planOf);
		serializePlans(plans);
		return plans.length;
	} catch (error) {
		if (error instanceof NetherdError) return error.code;
		throw error;
	}
}

/** Every finding is at a character of the text, or just behind a line. */
function expectPlaces(findings: readonly FindingJson[], text: string): void {
	const lines = text.split("\n");
	for (const { line, column } of findings) {
		expect(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`).toBe(true);
		expect(column >= 1 && column <= (lines[line - 1] ?? "").length + 1, `column ${column}`).toBe(true);
	}
}

const places = ({ errors }: Outcome) => errors.map(({ line, column, code }) => `${line}:${column} ${code}`);

describe("files that are none", () => {
	test("50 MB of lines", async () => {
		const outcome = await everyCommand(`[default]\n${'A = "some value"\n'.repeat(3_100_000)}`);
		expect(places(outcome)).toEqual([expect.stringMatching(/^\d{7}:\d+ lts-conf\.too-large$/)]);
		expect(outcome.planned).toBe("config.invalid");
	});

	test("50 MB of one line", async () => {
		expect(places(await everyCommand(Buffer.alloc(50_000_000, "x")))).toEqual([
			"1:33554433 lts-conf.too-large",
		]);
	});

	test("50 MB of zeros", async () => {
		const outcome = await everyCommand(Buffer.alloc(50_000_000));
		expect(outcome.errors[0]?.code).toBe("lts-conf.too-large");
	});

	test("binary data", async () => {
		const bytes = Buffer.alloc(3_000_000);
		for (let i = 0, state = 1; i < bytes.length; i++) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			bytes[i] = state >>> 16;
		}
		const outcome = await everyCommand(bytes);
		expect(outcome.errors[0]).toMatchObject({ line: 1, code: "lts-conf.not-text" });
		expect(outcome.planned).toBe("config.invalid");
	});

	test("a program", async () => {
		const outcome = await everyCommand(readFileSync("/bin/sh"));
		expect(outcome.errors[0]).toMatchObject({ line: 1, code: "lts-conf.not-text" });
	});

	test.each([
		["a value", `A = "${"x".repeat(10_000_000)}"`],
		["a comment", `# ${"x".repeat(10_000_000)}`],
		["brackets", "[".repeat(10_000_000)],
		["quotes", '"'.repeat(10_000_000)],
	])("a line of 10 MB: %s", async (_, line) => {
		const outcome = await everyCommand(`[default]\nTIMEZONE = UTC\n${line}\nHOSTNAME = node1\n`);
		expect(places(outcome)).toEqual(["3:1 lts-conf.line-too-long"]);
		expect(outcome.planned).toBe("config.invalid");
	});

	test("nothing at all", async () => {
		for (const text of ["", "\n", "\ufeff", "# no more\n", "[default]"]) {
			expect(await everyCommand(text)).toMatchObject({ exitCode: 0, planned: 3 });
		}
	});
});

describe("LIKE", () => {
	const chain = (count: number) =>
		Array.from(
			{ length: count },
			(_, i) => `[s${i}]\nLIKE = s${i + 1}\nHOSTS_${i} = "10.9.0.1 h${i}"\n`,
		).join("");

	test("a thousand deep: every key arrives", async () => {
		const text = `${chain(1000)}[s1000]\nTIMEZONE = UTC\n`;
		expect(await everyCommand(text)).toMatchObject({ exitCode: 0, planned: 3 });
		const explained = runCommand("json", (output) =>
			explain(write("chain.conf", text), undefined, { ...node, all: false }, output),
		);
		const { values, origins } = JSON.parse(explained.stdout) as {
			values: Record<string, string>;
			origins: Record<string, { via: string }>;
		};
		expect(values.HOSTS_999).toBe("10.9.0.1 h999");
		expect(values.TIMEZONE).toBe("UTC");
		expect(origins.TIMEZONE?.via).toBe("LIKE of [s0] → [s1] → [s2] → … → [s998] → [s999]");
	});

	test("a thousand deep, in a circle", async () => {
		const outcome = await everyCommand(`${chain(1000)}[s1000]\nLIKE = s0\n`);
		expect(places(outcome)).toEqual(["3002:8 lts-conf.like-cycle"]);
		expect(outcome.planned).toBe("config.invalid");
	});

	test("every section is LIKE every other", async () => {
		const all = Array.from({ length: 200 }, (_, i) => i);
		const text = all.map((i) => `[s${i}]\n${all.map((j) => `LIKE = s${j}\n`).join("")}`).join("");
		expect((await everyCommand(text)).planned).toBe("config.invalid");
	});
});

test("values that double sixty times", async () => {
	const lines = Array.from({ length: 60 }, (_, i) => `HOSTS_${i + 1} = "$HOSTS_${i}$HOSTS_${i}"\n`).join("");
	const outcome = await everyCommand(`[default]\nHOSTS_0 = "10.9.0.1 x"\n${lines}`);
	expect(outcome.errors.map(({ code }) => code)).toContain("lts-conf.value-too-long");
	expect(outcome.planned).toBe("config.invalid");
});

/** Random edits of a text that is right: what happens to files in editors, copies and templates. */
const mutated = fc
	.tuple(
		fc.constantFrom(...golden).map((text) => text.slice(0, 6000)),
		fc.array(
			fc.record({
				at: fc.double({ min: 0, max: 1, noNaN: true }),
				remove: fc.nat({ max: 40 }),
				insert: fc.oneof(
					fc.string({ unit: "binary", maxLength: 4 }),
					fc.constantFrom(
						'"',
						"'",
						"\\",
						"[",
						"]",
						"=",
						"#",
						"\n",
						"\r",
						"\0",
						"$",
						"`",
						"$(",
						"LIKE = x\n",
						"[x]",
					),
				),
			}),
			{ minLength: 1, maxLength: 6 },
		),
	)
	.map(([text, edits]) =>
		edits.reduce((edited, { at, remove, insert }) => {
			const from = Math.floor(at * edited.length);
			return edited.slice(0, from) + insert + edited.slice(from + remove);
		}, text),
	);

test("a golden file with random edits: findings with places, and a plan or an error", async () => {
	const seen = { planned: 0, refused: 0 };
	await fc.assert(
		fc.asyncProperty(mutated, async (text) => {
			const { exitCode, planned } = await everyCommand(text);
			seen[typeof planned === "number" ? "planned" : "refused"]++;
			if (exitCode === 0) expect(planned).toSatisfy((result) => result !== "config.invalid");
		}),
		{ numRuns: 200 },
	);
	expect(seen.refused).toBeGreaterThan(20);
});

test("random bytes: findings with places, and a plan or an error", async () => {
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
			await everyCommand(Buffer.from(bytes));
		}),
		{ numRuns: 200 },
	);
});
