import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { joinCluster } from "../cluster/join-cluster.ts";
import { revealSecrets } from "../config/secrets.ts";
import type { DownloadEvent } from "../download/download-event.ts";
import { fetchImage } from "../download/fetch-image.ts";
import { consoleLines, formatBytes } from "../download/progress.ts";
import { NetherdError } from "../errors.ts";
import { rootedPath } from "../facts/rooted-path.ts";
import type { Host } from "./host.ts";
import { type JoinOutlets, joinMachine, silentOutlets } from "./join-machine.ts";
import { moveTree } from "./move-tree.ts";
import { type ProgramOutcome, programRunner } from "./run-program.ts";

export interface LinuxHostOptions {
	/** Folder that paths are within, and that programs are confined to: `/`, or the new root before the switch. */
	readonly root: string;
	/** What `{secret:NAME}` stands for. */
	readonly secrets: Readonly<Record<string, string>>;
	/** Receives progress of long actions, a line at a time. */
	readonly progress: (line: string) => void;
	/** Receives what the download of the image tells; its lines go to `progress` already. */
	readonly onDownloadEvent?: ((event: DownloadEvent) => void) | undefined;
	/** Ends the download of the image, which fails with its reason. */
	readonly downloadSignal?: AbortSignal | undefined;
	/** Receives what programs print, a line at a time. */
	readonly output: (program: string, line: string) => void;
	/** For the join. Absent: nobody listens. */
	readonly join?: JoinOutlets;
}

/** The real machine: the only place where the agent changes anything. */
export function linuxHost(options: LinuxHostOptions): Host {
	const { root, secrets, progress, onDownloadEvent, downloadSignal, output, join } = options;
	const joinOutlets = join ?? silentOutlets;
	const inRoot = (path: string) => rootedPath(root, path);
	/** For replacing what is there, be it a link, without following it. */
	const entryInRoot = (path: string) => rootedPath(root, path, { followLast: false });
	/**
	 * A link such as /etc/resolv.conf is followed, so that the file lands where readers of the link look; but one to a
	 * device, such as /dev/null, is replaced itself, because the device is not to be.
	 */
	const fileInRoot = (path: string) => {
		const status = lstatSync(inRoot(path), { throwIfNoEntry: false });
		if (status?.isDirectory()) throw folderInTheWay(path);
		return status === undefined || status.isFile() ? inRoot(path) : entryInRoot(path);
	};

	const runProgram = programRunner(root);

	return {
		async makeDirectory({ path, mode }) {
			mkdirSync(inRoot(path), { recursive: true, mode: parseMode(mode) });
		},

		async putFile({ path, mode, content }) {
			replaceWithText(fileInRoot(path), revealSecrets(content, secrets), parseMode(mode));
		},

		async makeSymlink({ path, target }) {
			const link = entryInRoot(path);
			if (lstatSync(link, { throwIfNoEntry: false })?.isDirectory()) rmSync(link, { recursive: true });
			replaceAtomically(link, (temporary) => symlinkSync(target, temporary));
		},

		async removeFile({ path }) {
			rmSync(entryInRoot(path), { force: true });
		},

		async spawn({ argv, environment, timeoutMs }) {
			const lastLines: string[] = [];
			const outcome = await runProgram(argv, {
				environment,
				timeoutMs,
				onLine(line) {
					output(basename(argv[0]), line);
					lastLines.push(line);
					if (lastLines.length > shownLines) lastLines.shift();
				},
			});
			if (outcome.exitCode !== 0 || outcome.isTimedOut) throw spawnError(argv, timeoutMs, outcome, lastLines);
		},

		async fetchImage({ because: _, ...action }) {
			const lineOf = consoleLines();
			await fetchImage({
				...action,
				destination: inRoot(action.destination),
				signal: downloadSignal,
				onEvent(event) {
					const line = lineOf(event);
					if (line !== undefined) progress(line);
					onDownloadEvent?.(event);
				},
			});
		},

		async waitForPath({ path, timeoutMs }) {
			await waitForPath(inRoot(path), timeoutMs);
		},

		async moveTree({ from, to, sizeBytes }) {
			let nextLineMs = performance.now() + 1000;
			await moveTree(inRoot(from), inRoot(to), (doneBytes) => {
				if (performance.now() < nextLineMs) return;
				nextLineMs += 1000;
				progress(`root: ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)} moved`);
			});
		},

		async joinCluster(action) {
			const machine = joinMachine({
				inRoot,
				output,
				replaceFile: (path, text) => replaceWithText(fileInRoot(path), text, 0o600),
				runProgram,
				outlets: joinOutlets,
			});
			await joinCluster(action, machine, joinOutlets.patience);
		},
	};
}

function replaceWithText(path: string, text: string, mode: number): void {
	replaceAtomically(path, (temporary) => {
		writeFileSync(temporary, text, { flag: "wx", mode });
		chmodSync(temporary, mode);
	});
}

/** Makes the new entry beside the old one, then renames it over: readers see the old one or the new one, whole. */
function replaceAtomically(path: string, make: (temporary: string) => void): void {
	mkdirSync(dirname(path), { recursive: true });
	const temporary = join(dirname(path), `.${basename(path)}.netherd-new`);
	rmSync(temporary, { force: true });
	try {
		make(temporary);
		renameSync(temporary, path);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}

/** The root itself may be that folder, and then the new file would have to stand beside the root. */
function folderInTheWay(path: string): NetherdError {
	return new NetherdError("host.folder-in-the-way", `${path} is to be a file, and a folder is there`, {
		hint: "look at that path in the image: it is a folder, or a link that leads to one",
	});
}

/** Of a program that failed: its last words. */
const shownLines = 5;

function spawnError(
	argv: readonly string[],
	timeoutMs: number,
	{ exitCode, signal, isTimedOut, isMissing, problem }: ProgramOutcome,
	lastLines: readonly string[],
): NetherdError {
	const command = argv.join(" ");
	// A program inside of another root may itself end with what chroot(1) says of a missing one.
	if (isMissing && exitCode === undefined) {
		return new NetherdError("host.program-missing", `there is no program ${argv[0]} (for: ${command})`, {
			hint: `install the package of ${argv[0]} in the image, or in the initramfs with its hook, and build again`,
		});
	}
	const outcome = isTimedOut
		? `did not end within ${timeoutMs / 1000} s`
		: signal !== undefined
			? `was ended by ${signal}`
			: problem !== undefined
				? `could not be started: ${problem}`
				: `ended with exit code ${exitCode}`;
	const words = lastLines.join("\n  ").trim();
	return new NetherdError("host.program-failed", `${command}: ${outcome}${words && `\n  ${words}`}`, {
		hint: "its own words above say why; run it by hand on the node to look closer",
	});
}

async function waitForPath(path: string, timeoutMs: number): Promise<void> {
	const deadlineMs = Date.now() + timeoutMs;
	while (!existsSync(path)) {
		const leftMs = deadlineMs - Date.now();
		if (leftMs <= 0) {
			throw new NetherdError(
				"host.path-never-appeared",
				`${path} did not appear within ${timeoutMs / 1000} s`,
				{
					hint: "look at the log of the service or driver that makes it",
				},
			);
		}
		await sleep(Math.min(leftMs, 100));
	}
}

function parseMode(mode: string): number {
	return Number.parseInt(mode, 8);
}
