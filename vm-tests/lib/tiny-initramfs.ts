import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/**
 * Writes an initramfs that holds busybox and an `/init`, for boots that are about the harness and not about netherd.
 *
 * @param busybox A static busybox.
 * @param script Lines for busybox sh, run as process 1 with /proc, /sys and /dev mounted and every applet in the path.
 * @param file Where to write it; an uncompressed cpio archive ("newc", as the kernel's buffer-format.rst asks).
 */
export async function writeTinyInitramfs(busybox: string, script: string, file: string): Promise<void> {
	const root = mkdtempSync(join(tmpdir(), "netherd-tiny-"));
	try {
		for (const folder of ["bin", "proc", "sys", "dev"]) mkdirSync(join(root, folder));
		copyFileSync(busybox, join(root, "bin/busybox"));
		writeFileSync(join(root, "init"), initScript(script));
		chmodSync(join(root, "init"), 0o755);
		const names = ["init", "bin", "bin/busybox", "proc", "sys", "dev"];
		const { stdout } = await execa(busybox, ["cpio", "-o", "-H", "newc", "-R", "0:0"], {
			cwd: root,
			input: names.join("\n"),
			encoding: "buffer",
		});
		writeFileSync(file, stdout);
	} finally {
		rmSync(root, { recursive: true });
	}
}

function initScript(script: string): string {
	return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
${script}
`;
}
