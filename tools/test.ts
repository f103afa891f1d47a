import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describeError } from "../agent/errors.ts";
import { sayWithTime } from "../image/progress.ts";
import { buildRenderer } from "../test/deploy/support/render-chart.ts";
import { prepareKubernetes } from "../vm-tests/kubernetes/prepare.ts";
import { prepareBoots } from "../vm-tests/lib/prepare.ts";
import { cacheFolder, repository } from "./cache.ts";
import { ensureDebianPackages } from "./debian-packages.ts";

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

interface Counts {
	passed: number;
	failed: number;
}

const resultsFolder = join(cacheFolder, "test-results");
mkdirSync(resultsFolder, { recursive: true });

const counts: Counts = { passed: 0, failed: 0 };
add(await setUp());
add(await command("types", "tsc", ["--noEmit"]));
add(await command("lint and format", "biome", ["check", "--error-on-warnings"]));
add(await testFiles());
add(await scenarios());
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function command(title: string, program: string, args: readonly string[]): Promise<Counts> {
	heading(title);
	const { failed } = await run(program, args);
	return { passed: failed ? 0 : 1, failed: failed ? 1 : 0 };
}

/** Everything that several parts need, before any of them: test files run at the same time and would build it twice. */
async function setUp(): Promise<Counts> {
	heading("set-up");
	try {
		await ensureDebianPackages(testPackages, "run the tests");
		const say = sayWithTime();
		await buildRenderer();
		await prepareBoots(say);
		await prepareKubernetes(say);
		return { passed: 0, failed: 0 };
	} catch (error) {
		console.error(describeError(error));
		return { passed: 0, failed: 1 };
	}
}

/** vitest tells its counts in a file, because its output is for people. */
async function testFiles(): Promise<Counts> {
	heading("test files");
	const results = join(resultsFolder, "vitest.json");
	rmSync(results, { force: true });
	const { failed } = await run("vitest", [
		"run",
		"--reporter=default",
		"--reporter=json",
		`--outputFile.json=${results}`,
	]);
	return countsFrom(
		results,
		failed,
		(report: { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number }) => ({
			passed: report.numPassedTests,
			failed: Math.max(report.numFailedTests, report.numFailedTestSuites),
		}),
	);
}

async function scenarios(): Promise<Counts> {
	heading("scenarios in virtual machines");
	const results = join(resultsFolder, "scenarios.json");
	rmSync(results, { force: true });
	const { failed } = await run("node", ["vm-tests/main.ts", "--all", "--results", results]);
	return countsFrom(results, failed, (report: Counts) => report);
}

/** A run that failed counts at least one failure, even when it died before it could count. */
function countsFrom<Report>(file: string, failed: boolean, read: (report: Report) => Counts): Counts {
	try {
		const { passed, failed: failures } = read(JSON.parse(readFileSync(file, "utf8")) as Report);
		return { passed, failed: failed ? Math.max(failures, 1) : failures };
	} catch {
		return { passed: 0, failed: 1 };
	}
}

async function run(program: string, args: readonly string[]) {
	return await execa(program, args, {
		cwd: repository,
		stdio: ["ignore", "inherit", "inherit"],
		preferLocal: true,
		reject: false,
	});
}

function add({ passed, failed }: Counts): void {
	counts.passed += passed;
	counts.failed += failed;
}

function heading(title: string): void {
	console.log(`\n== ${title}`);
}
