import {
	appendFileSync,
	chmodSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findProgram } from "../../../server/programs.ts";
import { lockAlone } from "../../../server/releases/folder-lock.ts";
import { promote as promoteIn, rollback as rollbackIn } from "../../../server/releases/promote.ts";
import { release, writeBootTree, writeVersion } from "../support/boot-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const flock = findProgram("flock");

/** Version 1 is current, without history, as a build of an older netherd left it. */
async function tree(versions: readonly string[] = ["1", "2", "3"]) {
	const folder = temporaryFolder();
	await writeBootTree(folder);
	for (const version of versions.filter((each) => each !== "1")) {
		await writeVersion(folder, { name: "node", version });
	}
	const image = join(folder, "images/node");
	return {
		folder,
		image,
		current: () => readlinkSync(join(image, "current")),
		history: () =>
			readFileSync(join(image, "history"), "utf8").replace(/^\S+/gm, (time) => (time === "-" ? "-" : "T")),
		promote: (version: string, isToVerify = false) =>
			promoteIn(folder, { image: "node", version }, { flock, isToVerify }),
		rollback: (name?: string) => rollbackIn(folder, name, { flock }),
	};
}

describe("promote and rollback", () => {
	test("there and back, as far as there is a history", async () => {
		const { promote, rollback, current, history } = await tree();
		expect(await promote("2")).toEqual({
			image: "node",
			from: "1",
			to: "2",
			isVerified: false,
			isSigned: false,
		});
		expect(await promote("3", true)).toEqual({
			image: "node",
			from: "2",
			to: "3",
			isVerified: true,
			isSigned: false,
		});
		expect(history()).toBe("- 1\nT 2\nT 3\n");
		expect(rollback()).toEqual({ image: "node", from: "3", to: "2", isVerified: false, isSigned: false });
		expect(current()).toBe("2");
		expect(rollback("node")).toMatchObject({ from: "2", to: "1" });
		expect(current()).toBe("1");
		expect(history()).toBe("- 1\n");
		expect(() => rollback()).toThrow(
			expect.objectContaining({
				code: "release.no-previous",
				message: "no version of node that is still there was current before 1",
				hint: expect.stringContaining("versions are: 3, 2, 1"),
			}),
		);
	});

	test("after a rollback and another release it goes back to what was before that", async () => {
		const { promote, rollback, history } = await tree();
		await promote("2");
		rollback();
		await promote("3");
		expect(history()).toBe("- 1\nT 3\n");
		expect(rollback()).toMatchObject({ to: "1" });
	});

	test("a version that was current twice is no trap", async () => {
		const { promote, rollback } = await tree();
		await promote("2");
		await promote("1");
		await promote("3");
		expect([rollback().to, rollback().to, rollback().to]).toEqual(["1", "2", "1"]);
		expect(() => rollback()).toThrow(expect.objectContaining({ code: "release.no-previous" }));
	});

	test("what is current already stays, and makes no history", async () => {
		const { promote, rollback } = await tree();
		await promote("2");
		expect(await promote("2")).toMatchObject({ from: "2", to: "2" });
		expect(rollback()).toMatchObject({ to: "1" });
	});

	test("a version that is gone is passed over", async () => {
		const { image, promote, rollback } = await tree();
		await promote("2");
		await promote("3");
		rmSync(join(image, "2"), { recursive: true });
		expect(rollback()).toMatchObject({ to: "1" });
	});

	test("a link that was moved by hand counts", async () => {
		const { folder, promote, rollback, history } = await tree();
		await promote("2");
		release(folder, { name: "node", version: "3" });
		expect(rollback()).toMatchObject({ from: "3", to: "2" });
		// Back by hand, which is a rollback.
		release(folder, { name: "node", version: "1" });
		await promote("3");
		expect(history()).toBe("- 1\nT 3\n");
	});

	test("an interruption between history and link leaves what has one meaning", async () => {
		const { image, promote, rollback, current } = await tree();
		await promote("2");
		// promote 3: the history is written, the link is not.
		appendFileSync(join(image, "history"), "2026-01-01T00:00:00.000Z 3\n");
		symlinkSync("3", join(image, ".current.unfinished-1"));
		expect(rollback()).toMatchObject({ from: "2", to: "1" });
		expect(current()).toBe("1");
	});

	test("a history that is damaged is read as far as it goes", async () => {
		const { image, promote, rollback } = await tree();
		await promote("2");
		writeFileSync(
			join(image, "history"),
			`\0\n- 1\nnonsense\n<<<<<<< HEAD\n../../x y\n${"x".repeat(10_000)}\n`,
		);
		expect(rollback()).toMatchObject({ from: "2", to: "1" });
	});

	test("the history does not grow without end", async () => {
		const { promote, history } = await tree();
		for (let times = 0; times < 30; times++) {
			await promote("2");
			await promote("3");
		}
		expect(history().split("\n")).toHaveLength(51);
	});

	test("an image that was never released gets its first current version", async () => {
		const { folder } = await tree();
		await writeVersion(folder, { name: "storage", version: "7" });
		const moved = await promoteIn(folder, { image: "storage", version: "7" }, { flock, isToVerify: false });
		expect(moved).toEqual({ image: "storage", from: undefined, to: "7", isVerified: false, isSigned: false });
		expect(readlinkSync(join(folder, "images/storage/current"))).toBe("7");
		expect(() => rollbackIn(folder, undefined, { flock })).toThrow(
			expect.objectContaining({ code: "release.which-image", hint: "name one of: node, storage" }),
		);
	});

	test("nothing but the link and the history is left", async () => {
		const { image, promote, rollback } = await tree();
		await promote("2");
		rollback();
		expect(readdirSync(image).sort()).toEqual(["1", "2", "3", "current", "history"]);
	});
});

describe("a version that is not whole stays out", () => {
	test.each([
		["a missing file", "vmlinuz", (file: string) => rmSync(file), "vmlinuz"],
		["a missing manifest", "image.json", (file: string) => rmSync(file), "image.json"],
		[
			"a file that is cut off",
			"image.squashfs",
			(file: string) => truncateSync(file, 299_999),
			"has 299999 bytes",
		],
		[
			"a file that is too long",
			"initramfs.img",
			(file: string) => appendFileSync(file, "x"),
			"initramfs.img has",
		],
		["half a manifest", "image.json", (file: string) => truncateSync(file, 100), "not JSON"],
	])("%s", async (_, file, damage, words) => {
		const { image, promote, current } = await tree();
		damage(join(image, "2", file));
		await expect(promote("2")).rejects.toMatchObject({
			code: "release.incomplete",
			message: expect.stringContaining(words),
			hint: expect.stringContaining("`current` stays as it is"),
		});
		expect(current()).toBe("1");
		expect(readdirSync(image)).not.toContain("history");
	});

	test("also when a rollback would go there", async () => {
		const { image, promote, rollback, current } = await tree();
		await promote("2");
		rmSync(join(image, "1/vmlinuz"));
		expect(() => rollback()).toThrow(expect.objectContaining({ code: "release.incomplete" }));
		expect(current()).toBe("2");
	});

	test("a wrong byte is found when asked for", async () => {
		const { image, promote, current } = await tree();
		const file = join(image, "2/image.squashfs");
		const content = readFileSync(file);
		content[150_000] = (content[150_000] ?? 0) ^ 1;
		writeFileSync(file, content);
		await expect(promote("2", true)).rejects.toMatchObject({
			code: "release.hash-wrong",
			message: expect.stringContaining("node/2: image.squashfs has SHA-256"),
		});
		expect(current()).toBe("1");
	});
});

describe("what is refused", () => {
	test.each([
		["node", "9", "release.version-missing", "versions are: 3, 2, 1"],
		["nodes", "1", "release.image-missing", "images are: node"],
		["../node", "1", "release.bad-name", "DIR/images"],
		["node", "..", "release.bad-name", "DIR/images"],
		["node", "current", "release.bad-name", "DIR/images"],
		["node", "", "release.bad-name", "DIR/images"],
		["node", "history", "release.version-missing", "versions are"],
	])("%s/%s", async (image, version, code, hint) => {
		const { folder, current } = await tree();
		await expect(promoteIn(folder, { image, version }, { flock, isToVerify: false })).rejects.toMatchObject({
			code,
			hint: expect.stringContaining(hint),
		});
		expect(current()).toBe("1");
	});

	test("a folder that is no boot tree", async () => {
		const folder = temporaryFolder();
		await expect(
			promoteIn(folder, { image: "node", version: "1" }, { flock, isToVerify: false }),
		).rejects.toMatchObject({ code: "server.folder-missing" });
		mkdirSync(join(folder, "images"));
		expect(() => rollbackIn(folder, undefined, { flock })).toThrow(
			expect.objectContaining({
				code: "release.which-image",
				message: expect.stringContaining("has no image"),
			}),
		);
	});

	test("a second command while one is at work", async () => {
		const { image, promote, current } = await tree();
		const lock = lockAlone(flock, image, 0);
		await expect(promote("2")).rejects.toMatchObject({ code: "release.busy" });
		expect(current()).toBe("1");
		lock?.close();
		expect(await promote("2")).toMatchObject({ to: "2" });
	});

	test("a folder in the place of the link", async () => {
		const { image, promote } = await tree();
		rmSync(join(image, "current"));
		mkdirSync(join(image, "current"));
		chmodSync(join(image, "current"), 0o700);
		await expect(promote("2")).rejects.toMatchObject({ code: "release.change-failed" });
		expect(readdirSync(image).filter((name) => name.startsWith("."))).toEqual([]);
	});
});
