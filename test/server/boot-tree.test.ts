import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBootTree, readReleasedImage } from "../../server/boot-tree.ts";
import { release, writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

async function bootTree(): Promise<string> {
	const folder = temporaryFolder();
	await writeBootTree(folder);
	return folder;
}

const refusal = (code: string, text: string) =>
	expect.objectContaining({ code, message: expect.stringContaining(text) });

test("a whole tree; the only image is the default", async () => {
	const folder = await bootTree();
	expect(readBootTree(folder, undefined)).toEqual({ folder, imageNames: ["node"], defaultImage: "node" });
	expect(readReleasedImage(folder, "node")).toMatchObject({
		name: "node",
		version: "1",
		folder: join(folder, "images/node/1"),
		squashfs: join(folder, "images/node/1/image.squashfs"),
		manifest: { kernel: { release: "6.12.0" } },
	});
});

test("an image that has no current version yet is not served", async () => {
	const folder = await bootTree();
	await writeVersion(folder, { name: "storage", version: "1" });
	expect(readBootTree(folder, undefined).imageNames).toEqual(["node"]);
});

test("with several images the configuration chooses", async () => {
	const folder = await bootTree();
	await writeVersion(folder, { name: "storage", version: "7" });
	release(folder, { name: "storage", version: "7" });
	expect(readBootTree(folder, "storage")).toMatchObject({ defaultImage: "storage" });
	expect(() => readBootTree(folder, undefined)).toThrow(
		refusal("server.default-image-missing", "several images: node, storage"),
	);
	expect(() => readBootTree(folder, "other")).toThrow(
		refusal("server.default-image-missing", "images/other/current"),
	);
});

test("a folder that is not there", () => {
	expect(() => readBootTree("/nonexistent", undefined)).toThrow(
		refusal("server.folder-missing", "/nonexistent"),
	);
});

test.each([
	"loader/undionly.kpxe",
	"loader/snponly.efi",
	"images",
	"images/node/1/vmlinuz",
	"images/node/1/initramfs.img",
	"images/node/1/image.squashfs",
	"images/node/1/image.json",
	"images/node/1",
])("without %s it is refused, and the file is named", async (file) => {
	const folder = await bootTree();
	rmSync(join(folder, file), { recursive: true });
	expect(() => readBootTree(folder, undefined)).toThrow(
		refusal("server.file-missing", file === "images/node/1" ? "images/node/current" : file),
	);
});

test("a tree without any released image is refused", async () => {
	const folder = await bootTree();
	rmSync(join(folder, "images/node/current"));
	expect(() => readBootTree(folder, undefined)).toThrow(refusal("server.no-image", "images"));
});

test("a file that is shorter or longer than the manifest says is refused", async () => {
	const folder = await bootTree();
	appendFileSync(join(folder, "images/node/1/initramfs.img"), "x");
	expect(() => readBootTree(folder, undefined)).toThrow(
		refusal("server.image-wrong", "initramfs.img has 12 bytes"),
	);
});

test("a renamed version is refused: the manifest would contradict its place", async () => {
	const folder = await bootTree();
	renameSync(join(folder, "images/node/1"), join(folder, "images/node/2"));
	release(folder, { name: "node", version: "2" });
	expect(() => readBootTree(folder, undefined)).toThrow(refusal("server.image-wrong", "describes node/1"));
});

test("a manifest that is none is refused as the manifest's reader says", async () => {
	const folder = await bootTree();
	writeFileSync(join(folder, "images/node/1/image.json"), "{}");
	expect(() => readBootTree(folder, undefined)).toThrow(refusal("image.manifest-invalid", "image.json"));
});

test.each([
	["into another image", "../storage/1"],
	["two levels deep", "deeper/1"],
	["to the image itself", "."],
])("current that leads %s is refused", async (_, target) => {
	const folder = await bootTree();
	await writeVersion(folder, { name: "storage", version: "1" });
	mkdirSync(join(folder, "images/node/deeper/1"), { recursive: true });
	release(folder, { name: "node", version: target });
	expect(() => readBootTree(folder, undefined)).toThrow(refusal("server.image-wrong", "current"));
});

test("current that leads out of the tree is refused", async () => {
	const top = temporaryFolder();
	const folder = join(top, "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	renameSync(join(folder, "images/node/1"), join(top, "1"));
	symlinkSync("../../../1", join(folder, "images/node/1"));
	expect(() => readBootTree(folder, undefined)).toThrow(
		refusal("server.path-leads-out", "images/node/current"),
	);
});
