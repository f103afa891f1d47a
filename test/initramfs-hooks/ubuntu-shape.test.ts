import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildExecutable } from "../../image/executable.ts";
import { packRoot } from "../../image/pack-root.ts";
import { readRecipe } from "../../image/recipe.ts";
import { runInRoot } from "../../image/run-in-root.ts";
import { cacheFolder, repository } from "../../tools/cache.ts";
import { unpackSystem } from "../image/support/root.ts";
import { newKey } from "../trust/support/keys.ts";

/*
 * Nothing here is Ubuntu's: Debian, changed to what is known to be different there. The kernel is named -generic, its modules
 * are compressed by zstd, and initramfs-tools has a busybox of its own, with fewer programs.
 */

/** A few, or the test would compress for minutes. */
const modules =
	"overlay|squashfs|loop|nbd|af_packet|virtio|virtio_ring|virtio_pci|virtio_net|net_failover|failover|ena";

const reshape = `
	cd "$1/usr/lib/modules"
	find . -name '*.ko.xz' | grep -vE "/($2)\\.ko\\.xz$" | xargs rm
	find . -name '*.ko.xz' -exec xz --decompress {} +
	find . -name '*.ko' -exec zstd --quiet --rm {} +
	release=$(ls)
	mv "$release" 6.8.0-31-generic
	mv "$1/boot/vmlinuz-$release" "$1/boot/vmlinuz-6.8.0-31-generic"
	cd "$1/usr/share/initramfs-tools"
	mkdir -p "$1/usr/lib/initramfs-tools/bin"
	sed s,BB_BIN=.*,BB_BIN=/usr/lib/initramfs-tools/bin/busybox, hooks/zz-busybox >hooks/zz-busybox-initramfs
	chmod 755 hooks/zz-busybox-initramfs
	rm hooks/zz-busybox
	echo BUSYBOXDIR=/usr/lib/initramfs-tools/bin >conf-hooks.d/busybox`;

/** What it has is that of the package busybox. */
const lesserBusybox = `#!/bin/sh
case "$1" in
--list | --list-long) /usr/bin/busybox "$@" | grep -vE '(^|/)(udhcpc|xargs|env)$' ;;
*) exec /usr/bin/busybox "$@" ;;
esac
`;

let folder: string;
let root: string;

beforeAll(async () => {
	mkdirSync(cacheFolder, { recursive: true });
	folder = mkdtempSync(join(cacheFolder, "test-ubuntu-"));
	root = join(folder, "root");
	await unpackSystem(root);
	await execa("sh", ["-ec", reshape, "sh", root, modules]);
	const busybox = join(root, "usr/lib/initramfs-tools/bin/busybox");
	writeFileSync(busybox, lesserBusybox);
	chmodSync(busybox, 0o755);
	await runInRoot(root, ["depmod", "6.8.0-31-generic"], { code: "image.initramfs-failed", hint: "" });
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function pack(output: string): Promise<string[]> {
	const recipe = readRecipe(join(repository, "image/container/ubuntu.conf"));
	mkdirSync(join(folder, output));
	await packRoot(
		root,
		join(folder, output),
		{
			settings: { ...recipe, squashfsLevel: 1, initramfsLevel: 1 },
			agent: await buildExecutable("agent"),
			trustedKeys: [newKey().key.publicKey],
			epochSeconds: 1_750_000_000,
		},
		() => {},
	);
	return readFileSync(join(folder, output, "initramfs-files"), "utf8").split("\n");
}

test("a hook that fails is said in its own words", async () => {
	const hook = join(root, "usr/share/initramfs-tools/hooks/fails");
	writeFileSync(hook, '#!/bin/sh\n[ "$1" = prereqs ] || { echo "the hook says no" >&2; exit 1; }\n');
	chmodSync(hook, 0o755);
	await expect(pack("failed")).rejects.toMatchObject({
		code: "image.initramfs-failed",
		message: expect.stringMatching(/^mkinitramfs ended with exit code 1\n[\s\S]*the hook says no/),
	});
	rmSync(hook);
}, 120_000);

test("kernel and modules are found, and what busybox lacks is there all the same", async () => {
	const files = await pack("packed");
	expect(readFileSync(join(folder, "packed/kernel-release"), "utf8")).toBe("6.8.0-31-generic\n");
	expect(
		files.filter((path) => /\/(overlay|ena)\.ko/.test(path)).map((path) => path.split("/").at(-1)),
	).toEqual(expect.arrayContaining(["overlay.ko.zst", "ena.ko.zst"]));
	expect(files).toEqual(
		expect.arrayContaining([
			"usr/bin/busybox",
			"usr/sbin/udhcpc",
			"usr/lib/netherd/busybox",
			"usr/bin/xargs",
		]),
	);
}, 120_000);
