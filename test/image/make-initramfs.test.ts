import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { hasDracut } from "../../image/make-initramfs.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const dracut = "usr/bin/dracut";
const mkinitramfs = "usr/sbin/mkinitramfs";
const kernelHook = "etc/kernel/postinst.d/dracut";

test.each([
	["initramfs-tools alone", [mkinitramfs], false],
	["with dracut-core beside it, which is a program only", [mkinitramfs, dracut], false],
	["dracut, and programs of initramfs-tools that nobody took away", [mkinitramfs, dracut, kernelHook], true],
	["dracut alone, in another distribution", [dracut], true],
	["neither", [], false],
])("whether dracut makes the initramfs: %s", (_, files, expected) => {
	const root = temporaryFolder();
	for (const file of files) {
		mkdirSync(join(root, dirname(file)), { recursive: true });
		writeFileSync(join(root, file), "");
	}
	expect(hasDracut(root)).toBe(expected);
});
