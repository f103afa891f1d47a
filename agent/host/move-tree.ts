import {
	chmodSync,
	copyFileSync,
	lchownSync,
	linkSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	readdirSync,
	readlinkSync,
	rmdirSync,
	type Stats,
	symlinkSync,
	unlinkSync,
} from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";
import { NetherdError } from "../errors.ts";

/** So often others get their turn: reports to the server, progress. */
const turnMs = 100;

/**
 * Moves everything in a folder into another, between file systems. Each file is gone where it was before the next one is
 * copied, so that both places together never hold more than the tree and one file. Modes, owners, times and hard links
 * stay; names need not be text. What is not a folder, file or link is refused.
 *
 * @param onProgress Called now and then with the bytes that are through.
 * @throws {NetherdError} `host.cannot-move`.
 */
export async function moveTree(
	from: string,
	to: string,
	onProgress: (doneBytes: number) => void = () => {},
): Promise<void> {
	/** Files with several names: device and inode → the first name in the new place. */
	const linked = new Map<string, Buffer>();
	let doneBytes = 0;
	let turnEndsMs = performance.now() + turnMs;

	async function moveContent(source: Buffer, target: Buffer): Promise<void> {
		for (const name of readdirSync(source, { encoding: "buffer" })) {
			await move(childOf(source, name), childOf(target, name));
		}
	}

	async function move(source: Buffer, target: Buffer): Promise<void> {
		const status = lstatSync(source);
		if (status.isDirectory()) {
			mkdirSync(target, { mode: 0o700, recursive: true });
			await moveContent(source, target);
			dress(target, status);
			rmdirSync(source);
			return;
		}
		if (status.isSymbolicLink()) symlinkSync(readlinkSync(source, { encoding: "buffer" }), target);
		else if (status.isFile()) doneBytes += moveFile(source, target, status);
		else throw cannotMove(source, "it is no folder, file or link");
		dress(target, status);
		unlinkSync(source);
		if (performance.now() < turnEndsMs) return;
		onProgress(doneBytes);
		await breathe();
		turnEndsMs = performance.now() + turnMs;
	}

	/** @returns How many bytes were copied. */
	function moveFile(source: Buffer, target: Buffer, { dev, ino, nlink, size }: Stats): number {
		const identity = `${dev}:${ino}`;
		// The last name that is left counts 1.
		const first = linked.get(identity);
		if (first !== undefined) {
			linkSync(first, target);
			return 0;
		}
		copyFileSync(source, target);
		if (nlink > 1) linked.set(identity, target);
		return size;
	}

	try {
		const status = lstatSync(from);
		await moveContent(Buffer.from(from), Buffer.from(to));
		dress(Buffer.from(to), status);
		rmdirSync(from);
	} catch (error) {
		throw error instanceof NetherdError ? error : cannotMove(Buffer.from(from), String(error), error);
	}
	onProgress(doneBytes);
}

/** Owner first: a change of it takes the set-user-ID bit away (chown(2)). */
function dress(path: Buffer, { uid, gid, mode, atimeMs, mtimeMs }: Stats): void {
	if (uid !== 0 || gid !== 0) lchownSync(path, uid, gid);
	if ((mode & 0o170000) !== 0o120000) chmodSync(path, mode & 0o7777);
	lutimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function childOf(folder: Buffer, name: Buffer): Buffer {
	return Buffer.concat([folder, Buffer.from("/"), name]);
}

function cannotMove(path: Buffer, problem: string, cause?: unknown): NetherdError {
	return new NetherdError("host.cannot-move", `${path.toString()} cannot be moved: ${problem}`, {
		hint: "with no space left, OVERLAY_TMPFS_SIZE or the memory is too small; anything else is in the image: build it again",
		cause,
	});
}
