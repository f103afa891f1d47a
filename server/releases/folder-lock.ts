import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { NetherdError } from "../../agent/errors.ts";
import { childEnvironment } from "../run-program.ts";

/*
 * Advisory locks on folders (flock(2)), which is how a companion and the commands that tidy up its boot tree know of each
 * other: across containers and over a read-only mount, and the kernel takes a lock back when its process dies.
 *
 * Node has no flock. The program flock(1) locks a file that it inherits, and the lock belongs to the open file, not to
 * the program: it stays after that has ended, until the file is closed here.
 */

/** A lock that is held; closing gives it back. */
export interface FolderLock {
	close(): void;
}

/** flock(1), --conflict-exit-code: told apart from its own failures. */
const takenExitCode = 75;

/**
 * Locks a folder for this process alone.
 *
 * @param flock Path of util-linux's flock.
 * @param waitSeconds How long to wait for others; 0: not at all.
 * @returns Undefined when another process has a lock.
 * @throws {NetherdError} `release.cannot-lock`; Error of open(2) when the folder is not there.
 */
export function lockAlone(flock: string, folder: string, waitSeconds: number): FolderLock | undefined {
	const file = openFolder(folder);
	const { status, stderr, error } = spawnSync(flock, flockArguments("--exclusive", waitSeconds), {
		stdio: ["ignore", "ignore", "pipe", file],
		env: childEnvironment,
		encoding: "utf8",
	});
	if (status === 0) return { close: () => closeSync(file) };
	closeSync(file);
	if (status === takenExitCode) return undefined;
	throw cannotLock(folder, error?.message ?? stderr);
}

/**
 * Locks a folder together with others, against those who want it alone.
 *
 * @throws {NetherdError} `release.cannot-lock`, also when somebody has it alone for longer than `waitSeconds`; Error of
 *   open(2) when the folder is not there.
 */
export async function lockShared(flock: string, folder: string, waitSeconds: number): Promise<FolderLock> {
	const file = openFolder(folder);
	const child = spawn(flock, flockArguments("--shared", waitSeconds), {
		stdio: ["ignore", "ignore", "pipe", file],
		env: childEnvironment,
	});
	const { exitCode, stderr } = await endOf(child);
	if (exitCode === 0) return { close: () => closeSync(file) };
	closeSync(file);
	throw cannotLock(folder, exitCode === takenExitCode ? "it is being removed" : stderr);
}

function openFolder(folder: string): number {
	return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
}

function flockArguments(kind: "--exclusive" | "--shared", waitSeconds: number): string[] {
	const patience = waitSeconds === 0 ? ["--nonblock"] : ["--timeout", String(waitSeconds)];
	return [kind, ...patience, "--conflict-exit-code", String(takenExitCode), "3"];
}

function endOf(child: ChildProcess): Promise<{ exitCode: number | null; stderr: string }> {
	return new Promise((resolve) => {
		let stderr = "";
		child.stderr?.on("data", (chunk) => {
			stderr += chunk;
		});
		child.once("error", (error) => resolve({ exitCode: null, stderr: error.message }));
		child.once("close", (exitCode) => resolve({ exitCode, stderr }));
	});
}

function cannotLock(folder: string, why: string): NetherdError {
	return new NetherdError(
		"release.cannot-lock",
		`cannot lock ${folder}: ${why.trim() || "no reason given"}`,
		{
			hint: "the boot tree must be on a file system that has flock(2); NFS before version 4 may not",
		},
	);
}
