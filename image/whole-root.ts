import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { wholeRootDescription, wholeRootEnd, wholeRootFolder } from "../agent/paths.ts";
import { earlyArchiveBytes } from "./early-archive.ts";
import { linkDuplicates } from "./link-duplicates.ts";
import type { Say } from "./progress.ts";
import { endsWithBuild } from "./run-in-root.ts";
import { runTool } from "./run-tool.ts";
import { measureWholeRoot } from "./whole-root-size.ts";

export interface WholeRootOptions {
	/** The image's. */
	readonly name: string;
	readonly kernelRelease: string;
	/** Of zstd, 1 to 19: the kernel's limit. */
	readonly level: number;
	/** No date in the archive is later. */
	readonly epochSeconds: number;
}

/**
 * Puts a whole root into the initramfs that was made for it: one cpio archive (newc, what the kernel unpacks) with the
 * initramfs at its top and the root below /netherd/root, hard links kept. Files that both have are in it once.
 *
 * @param initramfs Is replaced.
 * @throws {NetherdError} `image.file-not-for-cpio`, `image.cpio-failed`, `image.disk-full`.
 */
export async function putRootIntoInitramfs(
	root: string,
	initramfs: string,
	options: WholeRootOptions,
	say: Say,
): Promise<void> {
	const { name, kernelRelease, epochSeconds } = options;
	const tree = `${initramfs}.tree`;
	const main = `${initramfs}.main`;
	const packed = `${initramfs}.packed`;
	const placed = join(tree, wholeRootFolder);
	try {
		mkdirSync(tree);
		const early = splitOffEarlyArchive(initramfs, main);
		await shell(
			'zstd -dc "$1" | cpio --extract --make-directories --preserve-modification-time --quiet -D "$2"',
			[main, tree],
		);
		mkdirSync(dirname(placed));
		const { entries, ...sizes } = await measureWholeRoot(root, linkDuplicates(tree, root));
		say(`whole root into the initramfs: ${entries} files, folders and links`);
		renameSync(root, placed);
		try {
			writeFileSync(
				join(tree, wholeRootDescription),
				`${JSON.stringify({ name, kernelRelease, ...sizes }, null, "\t")}\n`,
			);
			writeFileSync(join(tree, wholeRootEnd), "");
			writeFileSync(packed, early);
			await shell(packing, [
				tree,
				packed,
				String(options.level),
				String(epochSeconds),
				wholeRootFolder.slice(1),
			]);
		} finally {
			renameSync(placed, root);
		}
		renameSync(packed, initramfs);
	} finally {
		for (const path of [tree, main, packed]) rmSync(path, { recursive: true, force: true });
	}
}

/**
 * The initramfs itself comes first, so that its programs are there even if the kernel has to stop, and the file that says that
 * all of it is there comes last. Dates and order are the same for the same content.
 */
const packing = `
	cd "$1"
	find . -newermt "@$4" -print0 | xargs -0 -r touch --no-dereference --date="@$4"
	export LC_ALL=C
	{
		find . -mindepth 1 -path "./$5" -prune -o -path ./netherd/root-complete -o -mindepth 1 -printf '%P\\0' | sort -z
		find "$5" -print0 | sort -z
		printf 'netherd/root-complete\\0'
	} >"$2.names"
	cpio --create --null --format=newc --reproducible --quiet <"$2.names" | zstd -q -T0 "-$3" >>"$2"
	rm "$2.names"
`;

async function shell(script: string, args: readonly string[]): Promise<void> {
	await runTool([...endsWithBuild, "bash", "-euo", "pipefail", "-c", script, "bash", ...args], {
		code: "image.cpio-failed",
		hint: "see the last lines; packing needs the packages cpio and zstd, and space for the root beside itself",
		program: "cpio",
	});
}

/** Copies what follows an uncompressed archive (the processor's microcode) into a file. @returns That archive, or nothing. */
function splitOffEarlyArchive(initramfs: string, main: string): Buffer {
	const all = readFileSync(initramfs);
	const early = all.subarray(0, earlyArchiveBytes(all));
	writeFileSync(main, all.subarray(early.length));
	return early;
}
