import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { unpackBase } from "../../image/base-root.ts";
import { progressBar } from "../../image/progress-bar.ts";
import { squash } from "../../image/squash.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

beforeAll(() => ensureDebianPackages(["squashfs-tools"], "pack a root"), 300_000);

/** Compresses badly, and is the same each time. */
const content = Array.from({ length: 50_000 }, (_, index) => Math.sin(index)).join(" ");

async function pack(file: string): Promise<void> {
	const root = temporaryFolder();
	writeFileSync(join(root, "file"), content);
	const bar = progressBar("mksquashfs", { write: () => {} });
	await squash(root, file, { level: 1, epochSeconds: 1_700_000_000 }, bar);
}

test("a root that was packed is what it was when it is unpacked", async () => {
	const folder = temporaryFolder();
	const squashfs = join(folder, "base.squashfs");
	await pack(squashfs);
	await unpackBase({ squashfs }, join(folder, "root"));
	expect(readFileSync(join(folder, "root/file"), "utf8")).toBe(content);
});

test("what cannot be written is mksquashfs's failure, with its words", async () => {
	await expect(pack(join(temporaryFolder(), "no-such-folder/image.squashfs"))).rejects.toMatchObject({
		code: "image.squashfs-failed",
		message: expect.stringMatching(
			/^mksquashfs ended with exit code \d+\nCould not create destination file: No such file/,
		),
	});
});

test.each([
	["cut off", (file: string) => truncateSync(file, 2000)],
	["not what it was", (file: string) => writeFileSync(file, "something else ".repeat(1000))],
])("a base root in the cache that is %s is refused, with what to do", async (_, damage) => {
	const folder = temporaryFolder();
	const squashfs = join(folder, "base.squashfs");
	await pack(squashfs);
	damage(squashfs);
	await expect(unpackBase({ squashfs }, join(folder, "root"))).rejects.toMatchObject({
		code: "image.unsquashfs-failed",
		message: expect.stringMatching(/unsquashfs ended with exit code \d+\n./),
		hint: expect.stringContaining(".cache/image-base"),
	});
});
