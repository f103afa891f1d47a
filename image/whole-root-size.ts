import { lstatSync } from "node:fs";
import { execa } from "execa";
import { NetherdError } from "../agent/errors.ts";
import { walk } from "./walk.ts";

export interface WholeRootSize {
	/** What it takes in a tmpfs: whole pages, and what the kernel keeps about each entry. */
	readonly sizeBytes: number;
	/** What is needed besides, while the node moves it: the files that stay in the initramfs, and the largest of the others. */
	readonly movingBytes: number;
	readonly entries: number;
}

const pageBytes = 4096;
/** An inode and a directory entry. */
const entryBytes = 1024;
/** The size has eight hexadecimal digits in the format newc (cpio(5)). */
const cpioFileLimitBytes = 2 ** 32 - 1;

/**
 * Measures a root, and refuses what a cpio archive cannot hold.
 *
 * @param inInitramfs Paths of files that the initramfs has, too.
 * @throws {NetherdError} `image.file-not-for-cpio`.
 */
export async function measureWholeRoot(
	root: string,
	inInitramfs: ReadonlySet<string> = new Set(),
): Promise<WholeRootSize> {
	const seen = new Set<string>();
	let sizeBytes = 0;
	let largestBytes = 0;
	let stayingBytes = 0;
	let entries = 0;
	for (const { path } of walk(root)) {
		const status = lstatSync(path);
		const shown = path.slice(root.length);
		if (!status.isFile() && !status.isDirectory() && !status.isSymbolicLink()) {
			throw refused(
				`${shown} is a device, pipe or socket`,
				"take it out of the image: what a node needs of these is made when it boots",
			);
		}
		if (status.size > cpioFileLimitBytes) {
			throw refused(
				`${shown} has ${status.size} bytes, and a file of a cpio archive at most ${cpioFileLimitBytes} (4 GiB)`,
				"take it out of the image, or build with --format squashfs",
			);
		}
		entries++;
		const identity = `${status.dev}:${status.ino}`;
		if (!status.isFile() || seen.has(identity)) continue;
		seen.add(identity);
		sizeBytes += Math.ceil(status.size / pageBytes) * pageBytes;
		if (inInitramfs.has(path)) stayingBytes += status.size;
		else largestBytes = Math.max(largestBytes, status.size);
	}
	await refuseCapabilities(root);
	return { sizeBytes: sizeBytes + entries * entryBytes, movingBytes: stayingBytes + largestBytes, entries };
}

/** They are extended attributes, which cpio archives do not hold (capabilities(7)). */
async function refuseCapabilities(root: string): Promise<void> {
	const { stdout } = await execa("getcap", ["-r", root], { reject: false });
	const [first] = stdout.split("\n").filter((line) => line !== "");
	if (first === undefined) return;
	throw refused(
		`${first.slice(root.length)}: a cpio archive does not hold capabilities of files`,
		"take them away (setcap -r FILE) and, where the program needs them, chmod u+s FILE; or build with --format squashfs",
	);
}

function refused(problem: string, hint: string): NetherdError {
	return new NetherdError("image.file-not-for-cpio", problem, { hint });
}
