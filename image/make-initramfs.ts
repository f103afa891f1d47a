import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { agentProgram } from "../agent/paths.ts";
import type { KernelInRoot } from "./check-root.ts";
import type { Say } from "./progress.ts";
import { rootedPath, rootedStatus } from "./rooted.ts";
import { runInRoot } from "./run-in-root.ts";

/** What mkinitramfs makes, in a folder that every root has. */
const made = "/var/tmp/netherd-initramfs.img";

/** The hint of `image.initramfs-failed`. */
const lookAtHook = "see the last lines; netherd's part is in the repository's initramfs-hooks/";

/**
 * Has the root's own initramfs-tools or dracut make the initramfs, and checks that the agent is in it. Leaves `initramfs.img` and
 * `initramfs-files`, its list of names, in `output`.
 *
 * @throws {NetherdError} `image.initramfs-failed`, `image.hook-missing`, `image.disk-full`.
 */
export async function makeInitramfs(
	root: string,
	output: string,
	{ release }: KernelInRoot,
	{ epochSeconds, level }: { readonly epochSeconds: number; readonly level: number },
	say: Say,
): Promise<readonly string[]> {
	const isDracut = hasDracut(root);
	say(`${isDracut ? "dracut" : "mkinitramfs"} for kernel ${release}`);
	const failure = {
		code: "image.initramfs-failed",
		hint: lookAtHook,
		environment: { SOURCE_DATE_EPOCH: String(epochSeconds) },
	};
	await runInRoot(root, isDracut ? dracut(release, level) : ["mkinitramfs", "-o", made, release], {
		...failure,
		onLine: (line) => {
			if (/^[EW]: |^dracut\[[FEW]\]: /.test(line)) say(line);
		},
	});
	const list = await runInRoot(
		root,
		isDracut ? ["sh", "-c", `zstd -dc ${made} | cpio --list --quiet`] : ["lsinitramfs", made],
		failure,
	);
	const files = list.split("\n");
	if (!files.includes(agentProgram.slice(1))) {
		throw new NetherdError("image.hook-missing", `the initramfs was made, but ${agentProgram} is not in it`, {
			hint: "the hook did not put it there: is another hook or MODULES setting in the source or in --files?",
		});
	}
	renameSync(rootedPath(root, made, false) ?? made, join(output, "initramfs.img"));
	writeFileSync(join(output, "initramfs-files"), `${list}\n`);
	return files;
}

/**
 * Debian's package dracut takes the place of initramfs-tools, whose programs may still be there; dracut-core, which has the
 * program, takes nothing's place. Other distributions have dracut alone.
 */
export function hasDracut(root: string): boolean {
	const has = (path: string) => rootedStatus(root, path) !== undefined;
	return has("usr/bin/dracut") && (has("etc/kernel/postinst.d/dracut") || !has("usr/sbin/mkinitramfs"));
}

/**
 * dracut(8). For any machine, not for this one; without the processor's microcode in front. Of dracut's modules those that a
 * diskless machine needs: not systemd, which takes seconds, nor file systems and drivers of disks.
 */
function dracut(release: string, level: number): [string, ...string[]] {
	return [
		...(["dracut", "--force", "--quiet", "--no-hostonly", "--no-early-microcode", "--reproducible"] as const),
		...["--modules", "base netherd", "--compress", `zstd -q -${level} -T0`, "--kver", release, made],
	];
}

/** The kernel and its release, beside the initramfs. */
export function takeKernel({ release, file }: KernelInRoot, output: string): void {
	copyFileSync(file, join(output, "vmlinuz"));
	writeFileSync(join(output, "kernel-release"), `${release}\n`);
}
