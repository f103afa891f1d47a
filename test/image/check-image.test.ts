import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkSizes } from "../../image/check-image.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const files = ["vmlinuz", "initramfs.img", "image.squashfs"];
const imageBytes = 40_000_000;

/** Sparse files of these sizes; the image's superblock says that it has `imageBytes`. */
function packed(sizes: Readonly<Record<string, number>> = {}): string {
	const folder = temporaryFolder();
	const superblock = Buffer.alloc(96);
	superblock.write("hsqs", "latin1");
	superblock.writeBigUInt64LE(BigInt(imageBytes), 40);
	for (const [file, bytes] of Object.entries({
		vmlinuz: 2_000_000,
		"initramfs.img": 20_000_000,
		"image.squashfs": imageBytes,
		...sizes,
	})) {
		writeFileSync(join(folder, file), file === "image.squashfs" ? superblock : "");
		truncateSync(join(folder, file), bytes);
	}
	return folder;
}

test("sizes that can be", () => {
	expect(() => checkSizes(packed(), files)).not.toThrow();
	// mksquashfs fills the last 4 KiB up.
	expect(() => checkSizes(packed({ "image.squashfs": imageBytes + 4095 }), files)).not.toThrow();
	expect(() => checkSizes(packed({ "image.squashfs": 0 }), ["vmlinuz", "initramfs.img"])).not.toThrow();
});

test.each([
	["a kernel", { vmlinuz: 900_000 }, /^vmlinuz has 900000 bytes/],
	["an initramfs", { "initramfs.img": 9_000_000 }, /^initramfs\.img has 9000000 bytes/],
	["an image", { "image.squashfs": 4096 }, /^image\.squashfs has 4096 bytes, fewer/],
	["a cut image", { "image.squashfs": imageBytes - 1 }, /has 39999999 bytes, its own header says 40000000/],
])("%s that is too small is named", (_, sizes, message) => {
	expect(() => checkSizes(packed(sizes), files)).toThrow(
		expect.objectContaining({ code: "image.size-implausible", message: expect.stringMatching(message) }),
	);
});

test("a file that is no squashfs is named", () => {
	const folder = packed();
	writeFileSync(join(folder, "image.squashfs"), Buffer.alloc(imageBytes));
	expect(() => checkSizes(folder, files)).toThrow(/its own header says nothing/);
});
