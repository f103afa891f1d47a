import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sizeOf } from "../../image/squash.ts";
import { smallRoot, snapshot } from "./support/root.ts";
import { SystemToBuild } from "./support/system-to-build.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** A build that cannot succeed leaves the release that there is. */

let source: SystemToBuild;
let systemBytes: number;
let agentBytes: number;

beforeAll(async () => {
	source = await SystemToBuild.unpack();
	agentBytes = statSync(source.agent).size;
	systemBytes = await sizeOf(source.system);
}, 600_000);
afterAll(() => source?.[Symbol.dispose]());

/** A boot tree in which an image has been released before. */
function treeWithRelease(): string {
	const tree = join(temporaryFolder(), "tree");
	const image = join(tree, "images/test");
	mkdirSync(join(image, "20260101T000000Z-00000000"), { recursive: true });
	writeFileSync(join(image, "20260101T000000Z-00000000/image.squashfs"), "the release that nodes run");
	symlinkSync("20260101T000000Z-00000000", join(image, "current"));
	return tree;
}

let tree: string;
let before: string[];
beforeEach(() => {
	tree = treeWithRelease();
	before = snapshot(join(tree, "images"));
});
const expectUntouched = () => {
	expect(snapshot(join(tree, "images"))).toEqual(before);
	expect(existsSync(join(tree, ".build")) ? readdirSync(join(tree, ".build")) : []).toEqual([]);
};

test.each([
	["no kernel", () => smallRoot({ "boot/vmlinuz-6.1.0": undefined }), "image.no-kernel"],
	["no source", () => "/no/such/root", "image.source-missing"],
	["an agent that does not start", () => smallRoot(), "image.agent-does-not-start"],
])("%s", async (_, root, code) => {
	const { exitCode, stdout, stderr } = await source.build(root(), tree);
	expect([exitCode, stdout, stderr]).toEqual([1, "", expect.stringContaining(`[${code}]`)]);
	expectUntouched();
});

test.each([
	["copied", "copying the root", () => 100_000_000],
	// Enough for netherd's files, twice for a moment, and then not for what mkinitramfs puts together.
	["packed", "mkinitramfs", () => systemBytes + 2 * agentBytes + 30_000_000],
])(
	"a disk that is full while the source is %s",
	async (_, line, sizeBytes) => {
		const script = `
		mount -t tmpfs -o size=${sizeBytes()} netherd-test "$1"
		cp -a "$2/." "$1/"
		shift 2
		"$@"
		code=$?
		echo "exit $code"
		cd "$0" && find . -not -path ./.build -not -path . | sort
		cat images/test/current/image.squashfs`;
		const disk = temporaryFolder();
		const { stdout, stderr } = await execa(
			"unshare",
			["--mount", "sh", "-c", script, disk, disk, tree, ...source.command(source.system, disk)],
			{ reject: false },
		);
		expect(stderr).toContain(line);
		expect(stderr).toContain("[image.disk-full]");
		expect(stderr).toContain("No space left on device");
		expect(stdout.split("\n")).toEqual([
			"exit 1",
			"./images",
			"./images/test",
			"./images/test/20260101T000000Z-00000000",
			"./images/test/20260101T000000Z-00000000/image.squashfs",
			"./images/test/current",
			"the release that nodes run",
		]);
	},
	120_000,
);

test.each([
	["SIGINT", "mksquashfs", 130],
	["SIGTERM", "copying the root", 143],
] as const)(
	"interrupted by %s at: %s",
	async (signal, line, code) => {
		const { exitCode, stderr } = await interruptAt(line, signal);
		expect([exitCode, stderr]).toEqual([code, expect.stringContaining("interrupted")]);
		await allProgramsEnded(tree);
		expectUntouched();
	},
	120_000,
);

test("killed in the middle: its programs end with it, and the next build removes what it left", async () => {
	const { signal } = await interruptAt("mkinitramfs", "SIGKILL");
	expect(signal).toBe("SIGKILL");
	await allProgramsEnded(tree);
	expect(snapshot(join(tree, "images"))).toEqual(before);
	expect(readdirSync(join(tree, ".build")).length).toBe(1);
	await source.build(smallRoot({ "boot/vmlinuz-6.1.0": undefined }), tree);
	expectUntouched();
}, 120_000);

test("a build that is at work keeps its folder when another one begins", async () => {
	const [program, ...words] = source.command(source.system, tree);
	const child = execa(program, words, { reject: false });
	await lineOf(child.stderr, "laying");
	child.kill("SIGSTOP");
	const other = await source.build(smallRoot({ "boot/vmlinuz-6.1.0": undefined }), tree);
	expect(other.stderr).toContain("[image.no-kernel]");
	expect(readdirSync(join(tree, ".build")).length).toBe(1);
	child.kill("SIGCONT");
	child.kill("SIGKILL");
	await child;
	await allProgramsEnded(tree);
}, 120_000);

async function interruptAt(line: string, signal: "SIGINT" | "SIGTERM" | "SIGKILL") {
	const [program, ...words] = source.command(source.system, tree);
	const env = { PATH: `${withEndlessPacking()}:${process.env.PATH}` };
	const child = execa(program, words, { reject: false, env });
	await lineOf(child.stderr, line);
	// In the middle of what the line announces.
	await sleep(300);
	child.kill(signal);
	return await child;
}

/** A folder with a mksquashfs, the build's last program, that never ends: no build is done before the signal comes. */
function withEndlessPacking(): string {
	const folder = temporaryFolder();
	const script = "#!/bin/sh\nwhile :; do sleep 0.1; done\n";
	writeFileSync(join(folder, "mksquashfs"), script, { mode: 0o755 });
	return folder;
}

async function lineOf(stream: Readable, text: string): Promise<void> {
	let seen = "";
	await new Promise<void>((resolve, reject) => {
		stream.on("data", (chunk) => {
			seen += chunk;
			if (seen.includes(text)) resolve();
		});
		stream.once("end", () => reject(new Error(`ended without ${text}: ${seen}`)));
	});
}

/** Whatever names a folder in its command line or stands in it; waits for the kernel to be done with what it kills. */
async function allProgramsEnded(inFolder: string): Promise<void> {
	for (let tries = 0; tries < 100; tries++) {
		const { stdout } = await execa("pgrep", ["--full", "--", inFolder], { reject: false });
		const others = stdout.split("\n").filter((pid) => pid !== "" && Number(pid) !== process.pid);
		if (others.length === 0) return;
		await sleep(100);
	}
	const { stdout } = await execa("pgrep", ["--full", "--list-full", "--", inFolder], { reject: false });
	throw new Error(`still running: ${stdout}`);
}
