import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../server/programs.ts";
import { lockAlone } from "../server/releases/folder-lock.ts";

/** A folder for one build, which nobody serves. Disposing of it removes it. */
export interface WorkFolder extends Disposable {
	readonly path: string;
}

/** Where builds work, in the boot tree: on the disk that they publish to, so that publishing is renaming. */
const buildsFolder = ".build";

const waitSeconds = 60;

/**
 * Makes a folder for a build in the boot tree, and removes those of builds that were killed, whose locks the kernel has taken
 * back. It goes when it is disposed of, or with the process.
 *
 * @throws {NetherdError} `release.cannot-lock`; Error of the file system.
 */
export function openWorkFolder(tree: string): WorkFolder {
	const flock = findProgram("flock");
	const parent = join(tree, buildsFolder);
	mkdirSync(parent, { recursive: true, mode: 0o700 });
	// Between making a folder and locking it, nobody else may look.
	const parentLock = lockAlone(flock, parent, waitSeconds);
	try {
		removeAbandoned(flock, parent);
		const path = mkdtempSync(join(parent, "build-"));
		const lock = lockAlone(flock, path, 0);
		const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
		process.once("exit", remove);
		return {
			path,
			[Symbol.dispose]() {
				process.off("exit", remove);
				remove();
				lock?.close();
			},
		};
	} finally {
		parentLock?.close();
	}
}

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
