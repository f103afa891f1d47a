import { NetherdError } from "../../agent/errors.ts";
import { type FolderLock, lockAlone } from "./folder-lock.ts";

/** How long a command waits for another one on the same image. */
const waitSeconds = 10;

/**
 * Does something to an image while no other command does.
 *
 * @throws {NetherdError} `release.busy`, and what `change` throws.
 */
export function withImageAlone<Result>(flock: string, imageFolder: string, change: () => Result): Result {
	const lock: FolderLock | undefined = lockAlone(flock, imageFolder, waitSeconds);
	if (lock === undefined) {
		throw new NetherdError("release.busy", `another command is at work on ${imageFolder}`, {
			hint: `wait for it; it has had ${waitSeconds} s. Who it is: fuser ${imageFolder}`,
		});
	}
	try {
		return change();
	} finally {
		lock.close();
	}
}

/** A change of the boot tree that the file system refused; nothing has changed. */
export function changeFailed(what: string, error: unknown): NetherdError {
	if (error instanceof NetherdError) return error;
	const code = error instanceof Error && "code" in error ? String(error.code) : "";
	if (code === "ENOSPC" || code === "EDQUOT") {
		return new NetherdError("release.disk-full", `no space left: cannot ${what}`, {
			hint: "nothing has changed; make room first, for example with companion releases prune",
			cause: error,
		});
	}
	return new NetherdError("release.change-failed", `cannot ${what}`, {
		hint: "nothing has changed; check that you may write there and that the file system is not mounted read-only",
		cause: error,
	});
}
