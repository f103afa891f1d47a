import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { agentProgram } from "../agent/paths.ts";
import type { KernelInRoot } from "./check-root.ts";
import type { Say } from "./progress.ts";
import { rootedPath } from "./rooted.ts";
import { runInRoot } from "./run-in-root.ts";

/** What mkinitramfs makes, in a folder that every root has. */
const made = "/var/tmp/netherd-initramfs.img";

/**
 * Has the root's own initramfs-tools make the initramfs, and checks that the agent is in it. Leaves `initramfs.img` and
 * `initramfs-files`, its list of names, in `output`.
 *
 * @throws {NetherdError} `image.initramfs-failed`, `image.hook-missing`, `image.disk-full`.
 */
export async function makeInitramfs(
	root: string,
	output: string,
	{ release }: KernelInRoot,
	epochSeconds: number,
	say: Say,
): Promise<readonly string[]> {
	say(`mkinitramfs for kernel ${release}`);
	const failure = {
		code: "image.initramfs-failed",
		hint: "see the last lines; the hook is initramfs-hooks/initramfs-tools/hooks/netherd",
		environment: { SOURCE_DATE_EPOCH: String(epochSeconds) },
	};
	await runInRoot(root, ["mkinitramfs", "-o", made, release], {
		...failure,
		onLine: (line) => {
			if (/^[EW]: /.test(line)) say(line);
		},
	});
	const list = await runInRoot(root, ["lsinitramfs", made], failure);
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

/** The kernel and its release, beside the initramfs. */
export function takeKernel({ release, file }: KernelInRoot, output: string): void {
	copyFileSync(file, join(output, "vmlinuz"));
	writeFileSync(join(output, "kernel-release"), `${release}\n`);
}
