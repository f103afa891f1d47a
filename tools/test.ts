import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { execa } from "execa";
import { describeError } from "../agent/errors.ts";
import { sayWithTime } from "../image/progress.ts";
import { buildRenderer } from "../test/deploy/support/render-chart.ts";
import { prepareKubernetes } from "../vm-tests/kubernetes/prepare.ts";
import { prepareBoots } from "../vm-tests/lib/prepare.ts";
import { cacheFolder, repository } from "./cache.ts";
import { ensureDebianPackages } from "./debian-packages.ts";
import { failureText } from "./failure-text.ts";

/**
 * `npm test`: types and lint, the test files, then the scenarios in virtual machines. Everything runs even when an
 * earlier part failed; the last line counts all of it.
 */

/** What the test files ask for, each for itself, in one call of apt. */
const testPackages = [
	...[
		"bsdutils",
		"busybox",
		"cpio",
		"curl",
		"fish",
		"groff-base",
		"iproute2",
		"initramfs-tools-core",
		"isc-dhcp-server",
		"kea-dhcp4-server",
		"kmod",
	],
	...[
		"libnbd-bin",
		"man-db",
		"ndisc6",
		"openssl",
		"passwd",
		"procps",
		"shellcheck",
		"systemd",
		"zsh",
		"zstd",
	],
];

/** What one part came to. `failures` names what failed, and why. */
interface Outcome {
	passed: number;
	failed: number;
	failures: readonly string[];
}

const resultsFolder = join(cacheFolder, "test-results");
mkdirSync(resultsFolder, { recursive: true });

const outcomes = [
	await setUp(),
	await command("types", "tsc", ["--noEmit"]),
	await command("lint and format", "biome", ["check", "--error-on-warnings"]),
	await testFiles(),
	await scenarios(),
];
const passed = sum(outcomes.map((outcome) => outcome.passed));
const failed = sum(outcomes.map((outcome) => outcome.failed));
if (failed > 0) heading("what failed");
// Again at the end: whoever reads a long log begins there.
for (const failure of outcomes.flatMap(({ failures }) => failures)) console.log(failure);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function command(title: string, program: string, args: readonly string[]): Promise<Outcome> {
	heading(title);
	const run = await runProgram(program, args);
	return run.failed ? oneFailure(`${title}: see above`) : { passed: 1, failed: 0, failures: [] };
}

/** Everything that several parts need, before any of them: test files run at the same time and would build it twice. */
async function setUp(): Promise<Outcome> {
	heading("set-up");
	try {
		await ensureDebianPackages(testPackages, "run the tests");
		const say = sayWithTime();
		await buildRenderer();
		await prepareBoots(say);
		await prepareKubernetes(say);
		return { passed: 0, failed: 0, failures: [] };
	} catch (error) {
		console.error(describeError(error));
		return oneFailure(`set-up: ${describeError(error)}`);
	}
}

/** The part of vitest's JSON report that is read here: https://vitest.dev/guide/reporters#json-reporter */
interface VitestReport {
	numPassedTests: number;
	testResults: readonly {
		name: string;
		status: string;
		message: string;
		assertionResults: readonly {
			status: string;
			fullName: string;
			failureMessages: readonly string[] | null;
		}[];
	}[];
}

/** vitest tells its counts in a file, because its output is for people. */
async function testFiles(): Promise<Outcome> {
	heading("test files");
	const results = join(resultsFolder, "vitest.json");
	rmSync(results, { force: true });
	const run = await runProgram("vitest", [
		"run",
		"--reporter=default",
		"--reporter=json",
		`--outputFile.json=${results}`,
	]);
	return outcomeFrom("test files", results, run.failed, (report: VitestReport) => {
		const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
			const file = relative(repository, name);
			const failed = assertionResults.filter((test) => test.status === "failed");
			if (failed.length === 0 && status === "failed") return [`${file}: ${failureText(message)}`];
			return failed.map(
				(test) => `${file}: ${test.fullName}: ${failureText(test.failureMessages?.join("\n") ?? "")}`,
			);
		});
		// Not the report's own counts: its failed suites are files and each `describe`, and count one failure several times.
		return { passed: report.numPassedTests, failed: failures.length, failures };
	});
}

async function scenarios(): Promise<Outcome> {
	heading("scenarios in virtual machines");
	const results = join(resultsFolder, "scenarios.json");
	rmSync(results, { force: true });
	const run = await runProgram("node", ["vm-tests/main.ts", "--all", "--results", results]);
	return outcomeFrom("scenarios", results, run.failed, (report: Outcome) => report);
}

/** A run that failed counts at least one failure, even when it died before it could count. */
function outcomeFrom<Report>(
	title: string,
	file: string,
	failed: boolean,
	read: (report: Report) => Outcome,
): Outcome {
	try {
		const outcome = read(JSON.parse(readFileSync(file, "utf8")) as Report);
		if (!failed || outcome.failed > 0) return outcome;
		return { ...oneFailure(`${title}: failed although no test did; see above`), passed: outcome.passed };
	} catch {
		return oneFailure(`${title}: died before it could count; see above`);
	}
}

function oneFailure(failure: string): Outcome {
	return { passed: 0, failed: 1, failures: [failure] };
}

async function runProgram(program: string, args: readonly string[]) {
	return await execa(program, args, {
		cwd: repository,
		stdio: ["ignore", "inherit", "inherit"],
		preferLocal: true,
		reject: false,
	});
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

function heading(title: string): void {
	console.log(`\n== ${title}`);
}
