import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildExecutable } from "../../image/executable.ts";
import { sizeOf } from "../../image/squash.ts";
import { cacheFolder, repository } from "../../tools/cache.ts";
import { ociLayout } from "./support/archives.ts";
import { smallRoot, snapshot, unpackSystem } from "./support/root.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** As root in a container without privileges: no mounts, no devices, no namespaces. */
const unprivileged = [
	"setpriv",
	"--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+setuid,+setgid,+setfcap,+sys_chroot,+kill",
	"--inh-caps=-all",
];

const files = ["image.json", "image.squashfs", "initramfs.img", "vmlinuz"];

let folder: string;
let system: string;
let key: string;
let systemBytes: number;
let agentBytes: number;

beforeAll(async () => {
	mkdirSync(cacheFolder, { recursive: true });
	folder = mkdtempSync(join(cacheFolder, "test-source-"));
	system = join(folder, "system");
	await unpackSystem(system);
	agentBytes = statSync((await buildExecutable("agent")).path).size;
	systemBytes = await sizeOf(system);
	key = join(folder, "key.pem");
	await execa(process.execPath, [join(repository, "image/main.ts"), "keygen", key]);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function command(source: string, tree: string, ...more: string[]): [string, ...string[]] {
	const options = ["--recipe", "test", "--fast", "--loaders", "none", "--key", key];
	return [
		process.execPath,
		join(repository, "image/main.ts"),
		"build",
		source,
		"--out",
		tree,
		...options,
		...more,
	];
}

async function build(source: string, tree: string, { before = [] as string[], more = [] as string[] } = {}) {
	const [program = "", ...words] = [...before, ...command(source, tree, ...more)];
	return await execa(program, words, { reject: false, env: { SOURCE_DATE_EPOCH: "1750000000" } });
}

function hashes(version: string): Record<string, string> {
	return Object.fromEntries(
		files.map((file) => [
			file,
			createHash("sha256")
				.update(readFileSync(join(version, file)))
				.digest("hex"),
		]),
	);
}

/** A boot tree in which an image has been released before. */
function treeWithRelease(): string {
	const tree = join(temporaryFolder(), "tree");
	const image = join(tree, "images/test");
	mkdirSync(join(image, "20260101T000000Z-00000000"), { recursive: true });
	writeFileSync(join(image, "20260101T000000Z-00000000/image.squashfs"), "the release that nodes run");
	symlinkSync("20260101T000000Z-00000000", join(image, "current"));
	return tree;
}

describe("a whole build", () => {
	let first: string;

	beforeAll(async () => {
		for (const [path, content] of [
			["etc/ssh/ssh_host_ed25519_key", "secret"],
			["etc/machine-id", "0123456789abcdef0123456789abcdef"],
			["etc/hostname", "builder"],
			["var/log/syslog", "yesterday"],
			["var/lib/apt/lists/mirror_Packages", "many"],
			["var/cache/apt/pkgcache.bin", "many"],
			["tmp/x", "x"],
			["opt/src/large", "x"],
			["opt/app/small", "x"],
		] as const) {
			mkdirSync(join(system, path, ".."), { recursive: true });
			writeFileSync(join(system, path), content);
		}
		// Its links are of the root, not of this machine.
		symlinkSync("/run/systemd/resolve/stub-resolv.conf", join(system, "etc/resolv.conf"));
		const before = snapshot(join(system, "etc"));
		const { exitCode, stdout, stderr } = await build(system, join(folder, "a"), {
			more: ["--exclude", "/opt/src"],
		});
		expect([exitCode, stderr.split("\n").at(-1)]).toEqual([
			0,
			expect.stringContaining("images/test/current is"),
		]);
		first = stdout;
		expect(snapshot(join(system, "etc"))).toEqual(before);
	}, 300_000);

	test("has no secret, log or cache of the source, and what is ours", async () => {
		const { stdout } = await execa("unsquashfs", ["-lln", "-dest", "", join(first, "image.squashfs")]);
		const has = (path: string) =>
			new RegExp(`^\\S+ \\S+ +\\S+ \\S+ \\S+ ${path}( -> .*)?$`, "m").test(stdout);
		for (const path of [
			...["/etc/ssh/ssh_host_ed25519_key", "/etc/hostname", "/var/log/syslog", "/tmp/x", "/opt/src"],
			...["/var/lib/apt/lists/mirror_Packages", "/var/cache/apt/pkgcache.bin", "/boot/vmlinuz-.*", "/dev/.*"],
		]) {
			expect([path, has(path)]).toEqual([path, false]);
		}
		for (const path of [
			"/opt/app/small",
			"/usr/lib/netherd/agent",
			"/etc/netherd/build-id",
			"/etc/machine-id",
		]) {
			expect([path, has(path)]).toEqual([path, true]);
		}
		const resolv = await execa("unsquashfs", ["-cat", join(first, "image.squashfs"), "etc/resolv.conf"]);
		expect(resolv.stdout).toContain("name server");
		const machineId = await execa("unsquashfs", ["-cat", join(first, "image.squashfs"), "etc/machine-id"]);
		expect(machineId.stdout).toBe("");
	});

	test("says it was built at SOURCE_DATE_EPOCH, and works in nothing that stays", () => {
		const manifest = JSON.parse(readFileSync(join(first, "image.json"), "utf8"));
		expect(manifest.builtAt).toBe("2025-06-15T15:06:40Z");
		expect(manifest.version).toMatch(/^20250615T150640Z-[0-9a-f]{8}$/);
		expect(readdirSync(join(folder, "a/.build"))).toEqual([]);
	});

	test("of an OCI archive of the same root, as root of a container without privileges: the same bytes", async () => {
		const layer = join(folder, "layer.tar");
		await execa("tar", [
			...["--create", `--file=${layer}`, `--directory=${system}`, "--numeric-owner", "--format=posix"],
			...["--xattrs", "--xattrs-include=security.capability", "--exclude=./opt/src", "."],
		]);
		const layout = ociLayout([{ layers: [layer] }], join(folder, "layout"));
		rmSync(layer);
		const archive = join(folder, "image.tar.zst");
		await execa("tar", ["--create", "--zstd", `--file=${archive}`, `--directory=${layout}`, "."]);
		rmSync(layout, { recursive: true });
		const { exitCode, stdout, stderr } = await build(archive, join(folder, "b"), { before: unprivileged });
		expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
		expect(hashes(stdout)).toEqual(hashes(first));
		expect(readlinkSync(join(folder, "b/images/test/current"))).toBe(
			readlinkSync(join(folder, "a/images/test/current")),
		);
	}, 300_000);
});

describe("a build that cannot succeed leaves the release that there is", () => {
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
	])("%s", async (_, source, code) => {
		const { exitCode, stdout, stderr } = await build(source(), tree);
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
				["--mount", "sh", "-c", script, disk, disk, tree, ...command(system, disk)],
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
		await build(smallRoot({ "boot/vmlinuz-6.1.0": undefined }), tree);
		expectUntouched();
	}, 120_000);

	test("a build that is at work keeps its folder when another one begins", async () => {
		const [program, ...words] = command(system, tree);
		const child = execa(program, words, { reject: false });
		await lineOf(child.stderr, "laying");
		child.kill("SIGSTOP");
		const other = await build(smallRoot({ "boot/vmlinuz-6.1.0": undefined }), tree);
		expect(other.stderr).toContain("[image.no-kernel]");
		expect(readdirSync(join(tree, ".build")).length).toBe(1);
		child.kill("SIGCONT");
		child.kill("SIGKILL");
		await child;
		await allProgramsEnded(tree);
	}, 120_000);

	async function interruptAt(line: string, signal: "SIGINT" | "SIGTERM" | "SIGKILL") {
		const [program, ...words] = command(system, tree);
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
});

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
