import {
	chmodSync,
	chownSync,
	existsSync,
	linkSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { moveTree } from "../../agent/host/move-tree.ts";

let work: string;
let from: string;
let to: string;

beforeEach(() => {
	work = mkdtempSync(join(tmpdir(), "netherd-move-"));
	from = join(work, "from");
	to = join(work, "to");
	mkdirSync(from);
	mkdirSync(to);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe("what it moves", () => {
	test("files with content, mode, owner and time; nothing stays behind", async () => {
		mkdirSync(join(from, "usr/bin"), { recursive: true });
		writeFileSync(join(from, "usr/bin/su"), "su");
		chownSync(join(from, "usr/bin/su"), 0, 42);
		chmodSync(join(from, "usr/bin/su"), 0o4755);
		utimesSync(join(from, "usr/bin/su"), 1_000_000, 1_234_567);
		const progress: number[] = [];
		await moveTree(from, to, (doneBytes) => progress.push(doneBytes));
		const moved = join(to, "usr/bin/su");
		expect(readFileSync(moved, "utf8")).toBe("su");
		expect(modeOf(moved)).toBe("4755");
		const { uid, gid, mtimeMs } = statSync(moved);
		expect({ uid, gid, mtimeMs }).toEqual({ uid: 0, gid: 42, mtimeMs: 1_234_567_000 });
		expect(existsSync(from)).toBe(false);
		expect(progress.at(-1)).toBe(2);
	});

	test("folders with mode and time, the top one and those that are empty, too", async () => {
		mkdirSync(join(from, "tmp"));
		chmodSync(join(from, "tmp"), 0o1777);
		writeFileSync(join(from, "file"), "");
		for (const path of [join(from, "tmp"), from]) utimesSync(path, 5, 6);
		chmodSync(from, 0o711);
		await moveTree(from, to);
		expect([modeOf(to), modeOf(join(to, "tmp"))]).toEqual(["711", "1777"]);
		expect([statSync(to).mtimeMs, statSync(join(to, "tmp")).mtimeMs]).toEqual([6000, 6000]);
	});

	test("links as they are, wherever they lead", async () => {
		symlinkSync("../nowhere", join(from, "link"));
		symlinkSync(from, join(from, "circle"));
		lutimesSync(join(from, "link"), 7, 8);
		await moveTree(from, to);
		expect(readlinkSync(join(to, "link"))).toBe("../nowhere");
		expect(lstatSync(join(to, "link")).mtimeMs).toBe(8000);
		expect(readlinkSync(join(to, "circle"))).toBe(from);
	});

	test("several names of one file stay names of one file; one that has a name elsewhere is copied", async () => {
		mkdirSync(join(from, "a"));
		writeFileSync(join(from, "a/perl"), "perl");
		linkSync(join(from, "a/perl"), join(from, "perl5"));
		linkSync(join(from, "a/perl"), join(from, "z"));
		writeFileSync(join(work, "agent"), "agent");
		linkSync(join(work, "agent"), join(from, "agent"));
		await moveTree(from, to);
		expect(new Set(["a/perl", "perl5", "z"].map((name) => statSync(join(to, name)).ino)).size).toBe(1);
		expect(statSync(join(to, "perl5")).nlink).toBe(3);
		expect(statSync(join(to, "agent")).nlink).toBe(1);
		expect(readFileSync(join(to, "z"), "utf8")).toBe("perl");
		expect(readFileSync(join(work, "agent"), "utf8")).toBe("agent");
	});

	test("names that are no text", async () => {
		const name = Buffer.from([0x66, 0xff, 0xfe]);
		writeFileSync(Buffer.concat([Buffer.from(`${from}/`), name]), "x");
		await moveTree(from, to);
		expect(readdirSync(to, { encoding: "buffer" })).toEqual([name]);
	});
});

test("what is no folder, file or link is refused by its name", async () => {
	await execa("mkfifo", [join(from, "pipe")]);
	await expect(moveTree(from, to)).rejects.toMatchObject({
		code: "host.cannot-move",
		message: `${from}/pipe cannot be moved: it is no folder, file or link`,
	});
});

test("both places together hold the tree and one file, no more: two copies would not fit here", async () => {
	// 12 files of 4 MiB in a tmpfs of 54 MiB: 48, one file more, and a little.
	const script = `
		mount -t tmpfs -o size=54M tmpfs "$1"
		mkdir "$1/from" "$1/to"
		for n in 1 2 3 4 5 6 7 8 9 10 11 12; do head -c 4194304 /dev/urandom >"$1/from/$n"; done
		(cd "$1/from" && sha256sum *) >"$2/sums"
		"$3" --input-type=module -e 'const { moveTree } = await import(process.argv[1]); await moveTree(process.argv[2], process.argv[3]);' "$4" "$1/from" "$1/to"
		cd "$1/to" && sha256sum --quiet --check "$2/sums"`;
	const mountPoint = join(work, "mount");
	mkdirSync(mountPoint);
	const module = join(import.meta.dirname, "../../agent/host/move-tree.ts");
	const { stdout } = await execa("unshare", [
		"--mount",
		"--propagation=private",
		...["sh", "-ec", script, "sh", mountPoint, work, process.execPath, module],
	]);
	expect(stdout).toBe("");
});
