import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collectLoaders } from "../../image/boot-loaders.ts";
import { writeTree } from "./support/archives.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const packaged = {
	"usr/lib/ipxe/undionly.kpxe": "iPXE",
	"usr/lib/ipxe/snponly.efi": "iPXE for UEFI",
	"usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed": "GRUB",
};

test("a loader that no package has brought is named, with the packages", async () => {
	const root = writeTree(temporaryFolder(), packaged);
	await expect(collectLoaders(root, temporaryFolder())).rejects.toMatchObject({
		code: "image.boot-loaders-failed",
		message: expect.stringContaining("usr/lib/shim/shimx64.efi.signed is missing"),
		hint: expect.stringContaining("shim-signed"),
	});
});

test.each([
	["Debian's", "shimx64.efi.signed"],
	["Ubuntu's, of a package that was unpacked and not configured", "shimx64.efi.signed.latest"],
])("the signed shim is found: %s", async (_, name) => {
	const root = writeTree(temporaryFolder(), { ...packaged, [`usr/lib/shim/${name}`]: "the shim" });
	const folder = temporaryFolder();
	// That root has no grub-mkimage, which comes last.
	await expect(collectLoaders(root, folder)).rejects.toMatchObject({
		code: "image.boot-loaders-failed",
		message: expect.stringContaining("ld-linux"),
	});
	expect(readFileSync(join(folder, "shimx64.efi"), "utf8")).toBe("the shim");
});
