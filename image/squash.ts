import { readFileSync } from "node:fs";
import { execa } from "execa";
import type { ProgressBar } from "./progress-bar.ts";
import { endsWithBuild } from "./run-in-root.ts";
import { runTool } from "./run-tool.ts";

const pollMs = 250;

/**
 * Packs a root into a squashfs: the same bytes for the same root, level and date, on any number of processors.
 *
 * @param level Of zstd, 1 to 22.
 * @throws {NetherdError} `image.squashfs-failed`, `image.disk-full`.
 */
export async function squash(
	root: string,
	file: string,
	{ level, epochSeconds }: { readonly level: number; readonly epochSeconds: number },
	bar: ProgressBar,
): Promise<void> {
	const totalBytes = await sizeOf(root);
	let timer: NodeJS.Timeout | undefined;
	try {
		await runTool(
			[
				...endsWithBuild,
				...["mksquashfs", root, file, "-comp", "zstd", "-Xcompression-level", String(level), "-b", "131072"],
				// By default it reads a quarter of the memory ahead: a whole root in seconds, and the bar would say 98 % for minutes.
				...["-noappend", "-no-progress", "-quiet", "-mem", "128M"],
			],
			{
				code: "image.squashfs-failed",
				hint: "see the last lines; mksquashfs needs squashfs-tools 4.4 or later",
				program: "mksquashfs",
				// No date in the image is later than this, its own neither.
				environment: { SOURCE_DATE_EPOCH: String(epochSeconds) },
				onStart: (pid) => {
					timer = setInterval(() => bar.update(bytesRead(pid), totalBytes), pollMs);
				},
			},
		);
		bar.update(totalBytes, totalBytes);
	} finally {
		clearInterval(timer);
		bar.end();
	}
}

/** What the files of a root hold together; hard links count once. */
export async function sizeOf(root: string): Promise<number> {
	const { stdout } = await execa("du", ["--bytes", "--summarize", "--one-file-system", root]);
	return Number.parseInt(stdout, 10);
}

/** proc_pid_io(5): mksquashfs itself tells its progress to terminals only. */
function bytesRead(pid: number): number {
	try {
		return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
	} catch {
		return 0;
	}
}
