import {
	chmodSync,
	copyFileSync,
	lchownSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	readdirSync,
	readlinkSync,
	rmSync,
	type Stats,
	symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { rootedPath, rootedStatus } from "./rooted.ts";

/**
 * Copies a folder's content over a root. Links of the root are followed inside it, where they stand for folders (/lib, which
 * is a link to /usr/lib in most), and replaced where the folder has a file; nothing outside of the root is touched.
 *
 * @throws {NetherdError} `image.root-in-the-way`; Error of the file system.
 */
export function layOver(root: string, folder: string): void {
	layFolder(root, folder, "");
}

function layFolder(root: string, from: string, path: string): void {
	for (const entry of readdirSync(join(from, path), { withFileTypes: true })) {
		const inside = join(path, entry.name);
		const source = join(from, inside);
		const status = lstatSync(source);
		if (entry.isDirectory()) {
			const to = ensureFolder(root, inside, status);
			layFolder(root, from, inside);
			// After what is in it, which changes the date.
			lutimesSync(to, status.atime, status.mtime);
			continue;
		}
		const to = rootedPath(root, inside, false);
		if (to === undefined || lstatSync(to, { throwIfNoEntry: false })?.isDirectory()) throw inTheWay(inside);
		rmSync(to, { force: true });
		if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), to);
		else if (entry.isFile()) copyFileSync(source, to);
		else throw inTheWay(inside);
		takeOver(to, status);
	}
}

function ensureFolder(root: string, path: string, status: Stats): string {
	const to = rootedPath(root, path, true);
	if (to === undefined) throw inTheWay(path);
	const there = rootedStatus(root, path);
	if (there !== undefined && !there.isDirectory()) throw inTheWay(path);
	if (there === undefined) {
		mkdirSync(to, { recursive: true });
		takeOver(to, status);
	}
	return to;
}

function takeOver(path: string, status: Stats): void {
	lchownSync(path, status.uid, status.gid);
	if (!status.isSymbolicLink()) chmodSync(path, status.mode & 0o7777);
	lutimesSync(path, status.atime, status.mtime);
}

function inTheWay(path: string): NetherdError {
	return new NetherdError(
		"image.root-in-the-way",
		`/${path} of the root is not what a file of the image can be laid over`,
		{
			hint: "a folder is in the place of a file, or a file or a circle of links in the place of a folder: mend the source",
		},
	);
}
