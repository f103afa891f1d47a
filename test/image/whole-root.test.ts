import {
	chmodSync,
	chownSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { earlyArchiveBytes } from "../../image/early-archive.ts";
import { putRootIntoInitramfs } from "../../image/whole-root.ts";
import { measureWholeRoot } from "../../image/whole-root-size.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

beforeAll(
	() => ensureDebianPackages(["cpio", "libcap2-bin", "zstd"], "pack a root into an initramfs"),
	300_000,
);

const epochSeconds = 1_700_000_000;
const options = { name: "node", kernelRelease: "6.12.1-amd64", level: 3, epochSeconds };

/** A small root, and an initramfs that has an uncompressed archive in front, as one with microcode. */
async function makeBoth(): Promise<{ root: string; initramfs: string; work: string }> {
	const work = temporaryFolder();
	const root = join(work, "root");
	const small = join(work, "small");
	for (const folder of ["usr/lib/netherd", "usr/bin", "tmp", "netherd"])
		mkdirSync(join(root, folder), { recursive: true });
	mkdirSync(join(small, "usr/lib/netherd"), { recursive: true });
	for (const path of [root, small]) {
		writeFileSync(join(path, "usr/lib/netherd/agent"), "the agent ".repeat(10_000), { mode: 0o755 });
		symlinkSync("usr/bin", join(path, "bin"));
	}
	writeFileSync(join(small, "init"), "#!/bin/sh\n", { mode: 0o755 });
	writeFileSync(join(root, "usr/bin/perl"), "perl");
	linkSync(join(root, "usr/bin/perl"), join(root, "usr/bin/perl5"));
	writeFileSync(join(root, "usr/bin/su"), "su");
	chownSync(join(root, "usr/bin/su"), 0, 42);
	chmodSync(join(root, "usr/bin/su"), 0o4750);
	utimesSync(join(root, "usr/bin/su"), 1_000_000, 1_000_000);
	chmodSync(join(root, "tmp"), 0o1777);
	const early = join(work, "early");
	mkdirSync(join(early, "kernel"), { recursive: true });
	writeFileSync(join(early, "kernel/microcode.bin"), "microcode");
	const initramfs = join(work, "initramfs.img");
	const script = `
		(cd "$1" && find . | cpio --quiet -o -H newc) >"$3"
		(cd "$2" && find . -mindepth 1 | cpio --quiet -o -H newc) | zstd -q >>"$3"`;
	await execa("sh", ["-ec", script, "sh", early, small, initramfs]);
	return { root, initramfs, work };
}

/** The compressed archive of an initramfs, and its names in order. */
async function archiveOf(initramfs: string, work: string): Promise<{ file: string; names: string[] }> {
	const all = readFileSync(initramfs);
	const file = join(work, "archive.cpio");
	const { stdout } = await execa("zstd", ["-dcq"], {
		input: all.subarray(earlyArchiveBytes(all)),
		encoding: "buffer",
	});
	writeFileSync(file, stdout);
	return { file, names: (await execa("cpio", ["-t", "--quiet"], { inputFile: file })).stdout.split("\n") };
}

describe("one cpio", () => {
	test("the initramfs first, then the root, the mark of its end last; the microcode stays in front", async () => {
		const { root, initramfs, work } = await makeBoth();
		await putRootIntoInitramfs(root, initramfs, options, () => {});
		const { names } = await archiveOf(initramfs, work);
		expect(names.indexOf("init")).toBeLessThan(names.indexOf("netherd/root"));
		expect(names).toContain("netherd/root/usr/lib/netherd/agent");
		expect(names).toContain("netherd/root/netherd");
		expect(names.at(-1)).toBe("netherd/root-complete");
		expect(readFileSync(initramfs).subarray(0, 400).toString("latin1")).toContain("microcode");
		expect(statSync(join(root, "usr/bin/perl")).isFile()).toBe(true);
	});

	test("unpacked: modes, owners, links and dates; hard links, and the agent of both is one file", async () => {
		const { root, initramfs, work } = await makeBoth();
		await putRootIntoInitramfs(root, initramfs, options, () => {});
		const { file } = await archiveOf(initramfs, work);
		const unpacked = join(work, "unpacked");
		mkdirSync(unpacked);
		await execa("cpio", ["-idm", "--quiet", "-D", unpacked], { inputFile: file });
		const at = (path: string) => statSync(join(unpacked, path));
		expect(at("netherd/root/usr/bin/perl").ino).toBe(at("netherd/root/usr/bin/perl5").ino);
		expect(at("netherd/root/usr/lib/netherd/agent").ino).toBe(at("usr/lib/netherd/agent").ino);
		const { mode, gid, mtimeMs } = at("netherd/root/usr/bin/su");
		expect([(mode & 0o7777).toString(8), gid, mtimeMs]).toEqual(["4750", 42, 1_000_000_000]);
		expect((at("netherd/root/tmp").mode & 0o7777).toString(8)).toBe("1777");
		expect(at("netherd/root/usr/bin/perl").mtimeMs).toBe(epochSeconds * 1000);
		const said = JSON.parse(readFileSync(join(unpacked, "netherd/root.json"), "utf8"));
		expect(said).toEqual({
			name: "node",
			kernelRelease: "6.12.1-amd64",
			// 25 pages of the agent, a page each for perl and su; 11 entries.
			sizeBytes: 27 * 4096 + 11 * 1024,
			// The agent stays in the initramfs, and perl is the largest other one.
			movingBytes: 100_000 + 4,
		});
	});

	test("the same root, the same bytes", async () => {
		const [first, second] = [await makeBoth(), await makeBoth()];
		for (const { root, initramfs } of [first, second])
			await putRootIntoInitramfs(root, initramfs, options, () => {});
		const contents = await Promise.all(
			[first, second].map(async ({ initramfs, work }) =>
				readFileSync((await archiveOf(initramfs, work)).file),
			),
		);
		expect(contents[0]?.equals(contents[1] ?? Buffer.of())).toBe(true);
	});
});

test("an initramfs that is no archive is cpio's failure, and the root stays where it was", async () => {
	const { root, initramfs, work } = await makeBoth();
	writeFileSync(initramfs, "no archive");
	await expect(putRootIntoInitramfs(root, initramfs, options, () => {})).rejects.toMatchObject({
		code: "image.cpio-failed",
		message: expect.stringMatching(/^cpio ended with exit code \d+\n/),
	});
	expect(statSync(join(root, "usr/bin/perl")).isFile()).toBe(true);
	expect(readdirSync(work).sort()).toEqual(["early", "initramfs.img", "root", "small"]);
});

describe("what a cpio archive cannot hold is refused by its name", () => {
	test.each([
		[
			"a file of 4 GiB",
			"/large has 4294967296 bytes",
			(root: string) => {
				writeFileSync(join(root, "large"), "");
				truncateSync(join(root, "large"), 2 ** 32);
			},
		],
		["a pipe", "/pipe is a device, pipe or socket", (root: string) => execa("mkfifo", [join(root, "pipe")])],
		[
			"capabilities of a file",
			"/ping",
			async (root: string) => {
				writeFileSync(join(root, "ping"), "ping", { mode: 0o755 });
				await execa("setcap", ["cap_net_raw=ep", join(root, "ping")]);
			},
		],
	])("%s", async (_, message, spoil) => {
		const root = temporaryFolder();
		await spoil(root);
		await expect(measureWholeRoot(root)).rejects.toMatchObject({
			code: "image.file-not-for-cpio",
			message: expect.stringContaining(message),
		});
	});

	test("a file of just under 4 GiB is none of them", async () => {
		const root = temporaryFolder();
		writeFileSync(join(root, "large"), "");
		truncateSync(join(root, "large"), 2 ** 32 - 1);
		expect(await measureWholeRoot(root)).toMatchObject({ movingBytes: 2 ** 32 - 1, entries: 1 });
	});
});
