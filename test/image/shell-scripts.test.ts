import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

beforeAll(() => ensureDebianPackages(["shellcheck"], "check the shell scripts"));

const isShell = (file: string): boolean =>
	statSync(join(repository, file)).isFile() &&
	/^#(!\/bin\/(ba)?sh| shellcheck shell=sh)$/m.test(
		readFileSync(join(repository, file), "utf8").split("\n", 1)[0] ?? "",
	);

const scripts = globSync("{image,initramfs-hooks,vm-tests}/**/*", { cwd: repository }).filter(isShell).sort();

test("every part that must be a shell script is found as one", () => {
	expect(scripts).toEqual(
		expect.arrayContaining([
			"image/in-root.sh",
			"image/root/etc/initramfs-tools/hooks/netherd-diskless",
			"image/root/usr/sbin/init-ltsp",
			"image/stand-in/kubeadm",
			"image/test-channel/netherd-test-shell",
			"initramfs-hooks/initramfs-tools/hooks/netherd",
			"initramfs-hooks/initramfs-tools/scripts/init-bottom/netherd",
			"initramfs-hooks/initramfs-tools/scripts/init-top/netherd",
			"initramfs-hooks/initramfs-tools/scripts/netherd",
			"vm-tests/kubernetes/node-root/usr/bin/crictl",
			"initramfs-hooks/dracut/90netherd/module-setup.sh",
			"initramfs-hooks/dracut/90netherd/netherd-cmdline.sh",
			"initramfs-hooks/dracut/90netherd/netherd-generator.sh",
			"initramfs-hooks/dracut/90netherd/netherd-mount.sh",
			"initramfs-hooks/shared/boot.sh",
			"initramfs-hooks/shared/fill-initramfs",
			"initramfs-hooks/shared/udhcpc-script",
		]),
	);
});

test.each(scripts)("shellcheck has nothing to say about %s", async (script) => {
	// SC1091: files of initramfs-tools and dracut, which this machine may not have.
	const { stdout } = await execa("shellcheck", ["--exclude=SC1091", script], {
		cwd: repository,
		reject: false,
	});
	expect(stdout).toBe("");
});
