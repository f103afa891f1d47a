import { linkSync, lstatSync, readFileSync, rmSync, type Stats } from "node:fs";
import { rootedPath } from "./rooted.ts";
import { walk } from "./walk.ts";

/**
 * Puts hard links to a root's files in the place of the same files of an initramfs (same path, content and mode): the agent
 * above all, libraries, kernel modules. Both are on one file system.
 *
 * @returns The paths of the root's files that are in both.
 */
export function linkDuplicates(initramfs: string, root: string): ReadonlySet<string> {
	const inBoth = new Set<string>();
	for (const { path: file, entry } of walk(initramfs)) {
		if (!entry.isFile()) continue;
		const original = rootedPath(root, file.slice(initramfs.length), true);
		if (original === undefined || !isSame(file, original)) continue;
		inBoth.add(original);
		rmSync(file);
		linkSync(original, file);
	}
	return inBoth;
}

function isSame(file: string, original: string): boolean {
	const status = lstatSync(original, { throwIfNoEntry: false });
	if (status === undefined || !status.isFile() || status.size === 0) return false;
	return (
		attributes(lstatSync(file)) === attributes(status) && readFileSync(file).equals(readFileSync(original))
	);
}

function attributes({ size, mode, uid, gid }: Stats): string {
	return [size, mode, uid, gid].join();
}
