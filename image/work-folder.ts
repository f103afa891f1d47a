import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../server/programs.ts";
import { type FolderLock, lockAlone } from "../server/releases/folder-lock.ts";

/** Where builds work, in the boot tree; nobody serves it. */
const buildsFolder = ".build";

/**
 * Gives a build a folder in the boot tree, on the disk that it publishes to, and removes it afterwards, together with those
 * of builds that were killed: whose lock the kernel has taken back.
 *
 * @throws {NetherdError} `release.cannot-lock`.
 */
export async function withWorkFolder<Result>(
	tree: string,
	work: (folder: string) => Promise<Result>,
): Promise<Result> {
	const flock = findProgram("flock");
	const parent = join(tree, buildsFolder);
	mkdirSync(parent, { recursive: true, mode: 0o700 });
	const alone = lockAlone(flock, parent, waitSeconds);
	let folder: string;
	let lock: FolderLock | undefined;
	try {
		removeAbandoned(flock, parent);
		folder = mkdtempSync(join(parent, "build-"));
		lock = lockAlone(flock, folder, 0);
	} finally {
		alone?.close();
	}
	const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	process.once("exit", remove);
	try {
		return await work(folder);
	} finally {
		process.off("exit", remove);
		remove();
		lock?.close();
	}
}

const waitSeconds = 60;

function removeAbandoned(flock: string, parent: string): void {
	for (const name of readdirSync(parent)) {
		const folder = join(parent, name);
		const lock = lockAlone(flock, folder, 0);
		if (lock === undefined) continue;
		try {
			rmSync(folder, { recursive: true, force: true });
		} finally {
			lock.close();
		}
	}
}
