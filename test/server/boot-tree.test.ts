import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBootTree, readReleasedImage } from "../../server/boot-tree.ts";
import type { Loaders } from "../../server/loaders.ts";
import { release, writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

async function bootTree(): Promise<string> {
	const folder = temporaryFolder();
	await writeBootTree(folder);
	return folder;
}

const ipxe = { bios: "ipxe", uefi: "ipxe" } as const;
const read = (folder: string, defaultImage?: string, loaders: Loaders = ipxe) =>
	readBootTree(folder, { defaultImage, loaders });

const refusal = (code: string, text: string) =>
	expect.objectContaining({ code, message: expect.stringContaining(text) });

test("a whole tree; the only image is the default", async () => {
	const folder = await bootTree();
	expect(read(folder)).toEqual({ folder, imageNames: ["node"], defaultImage: "node" });
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
	expect(read(folder).imageNames).toEqual(["node"]);
});

test("with several images the configuration chooses", async () => {
	const folder = await bootTree();
	await writeVersion(folder, { name: "storage", version: "7" });
	release(folder, { name: "storage", version: "7" });
	expect(read(folder, "storage")).toMatchObject({ defaultImage: "storage" });
	expect(() => read(folder)).toThrow(
		refusal("server.default-image-missing", "several images: node, storage"),
	);
	expect(() => read(folder, "other")).toThrow(
		refusal("server.default-image-missing", "images/other/current"),
	);
});

test("only the boot loaders that machines are to get must be there", async () => {
	const folder = await bootTree();
	for (const file of ["core.0", "shimx64.efi"]) writeFileSync(join(folder, "loader", file), "loader");
	rmSync(join(folder, "loader/undionly.kpxe"));
	expect(read(folder, undefined, { bios: "grub", uefi: "ipxe" })).toMatchObject({ defaultImage: "node" });
	expect(() => read(folder, undefined, { bios: "grub", uefi: "grub" })).toThrow(
		refusal("server.file-missing", "grubx64.efi"),
	);
});

test("a folder that is not there", () => {
	expect(() => read("/nonexistent")).toThrow(refusal("server.folder-missing", "/nonexistent"));
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
	expect(() => read(folder)).toThrow(
		refusal("server.file-missing", file === "images/node/1" ? "images/node/current" : file),
	);
});

test("a tree without any released image is refused", async () => {
	const folder = await bootTree();
	rmSync(join(folder, "images/node/current"));
	expect(() => read(folder)).toThrow(refusal("server.no-image", "images"));
});

test("a file that is shorter or longer than the manifest says is refused", async () => {
	const folder = await bootTree();
	appendFileSync(join(folder, "images/node/1/initramfs.img"), "x");
	expect(() => read(folder)).toThrow(refusal("server.image-wrong", "initramfs.img has 12 bytes"));
});

test("a renamed version is refused: the manifest would contradict its place", async () => {
	const folder = await bootTree();
	renameSync(join(folder, "images/node/1"), join(folder, "images/node/2"));
	release(folder, { name: "node", version: "2" });
	expect(() => read(folder)).toThrow(refusal("server.image-wrong", "describes node/1"));
});

test("a manifest that is none is refused as the manifest's reader says", async () => {
	const folder = await bootTree();
	writeFileSync(join(folder, "images/node/1/image.json"), "{}");
	expect(() => read(folder)).toThrow(refusal("image.manifest-invalid", "image.json"));
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
	expect(() => read(folder)).toThrow(refusal("server.image-wrong", "current"));
});

test("current that leads out of the tree is refused", async () => {
	const top = temporaryFolder();
	const folder = join(top, "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	renameSync(join(folder, "images/node/1"), join(top, "1"));
	symlinkSync("../../../1", join(folder, "images/node/1"));
	expect(() => read(folder)).toThrow(refusal("server.path-leads-out", "images/node/current"));
});
