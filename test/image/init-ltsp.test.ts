import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuiltImage, builtTestImage } from "./support/built-image.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

// /sbin/init-ltsp in the root of the built image, in namespaces of its own. What it starts is replaced by scripts that say
// how they were called: the real agent would take this for a boot, and reboot the machine when it fails.

let built: BuiltImage;
beforeAll(async () => {
	built = await builtTestImage();
}, 600_000);
afterAll(() => built?.[Symbol.dispose]());

/** What agent and init print: their arguments and environment, and what is mounted. */
async function start(before: string): Promise<string> {
	const { stdout } = await execa(
		"unshare",
		[
			..."--net --uts --ipc --mount --pid --fork --kill-child".split(" "),
			"sh",
			"-ec",
			`mount --make-rprivate /
			mount -t tmpfs tmpfs "$2"
			cd "$2"
			mkdir lower upper work root
			mount -t squashfs -o loop,ro "$1" lower
			mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root
			rm root/usr/sbin/init
			for program in lib/netherd/agent sbin/init; do
				printf '#!/bin/sh\\necho "'$program' $*"\\nenv\\ncut -d " " -f 2,3 /proc/self/mounts\\n' >root/usr/$program
				chmod 755 root/usr/$program
			done
			${before}
			exec env -i PATH=/usr/sbin:/usr/bin TERM=linux NODE_OPTIONS=--inspect chroot root /sbin/init-ltsp single`,
			"sh",
			join(built.folder, "image.squashfs"),
			temporaryFolder(),
		],
		{ timeout: 150_000 },
	);
	return stdout;
}

test("a root that something else mounted is configured, then the real init starts with init's arguments", async () => {
	const [agent = "", init] = (await start("")).split(/^(?=sbin\/init)/m);
	expect(agent).toMatch(/^lib\/netherd\/agent init\n/);
	expect(agent).not.toContain("NODE_OPTIONS");
	for (const mount of ["/proc proc", "/sys sysfs", "/dev devtmpfs", "/run tmpfs"]) {
		expect(agent.split("\n")).toContain(mount);
	}
	expect(init).toMatch(/^sbin\/init single\n/);
});

test("after netherd's own initramfs only the real init starts", async () => {
	const output = await start(`mount -t tmpfs tmpfs root/run
		mkdir -p root/run/netherd/init
		echo "{}" >root/run/netherd/init/plan.json`);
	expect(output).toMatch(/^sbin\/init single\n/);
});
