import { chmodSync, copyFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { EventSink } from "../events.ts";
import { resolveRooted } from "../rooted-path.ts";
import { warningEvent } from "../warning-event.ts";

/** A new loader is served after so long at the latest. */
const defaultRefreshMs = 5_000;

export interface LoaderCopy {
	stop(): void;
}

/**
 * Keeps a copy of DIR/loader for dnsmasq's TFTP. dnsmasq runs without privileges, so it could not read a boot tree in a
 * private folder; and it follows links out of its root, which here are refused while copying. A few hundred kB.
 *
 * @param target An existing folder that every user can read.
 * @throws {NetherdError} `server.file-missing`, `server.path-leads-out`, for the first copy.
 */
export function keepLoaderCopy(
	bootFolder: string,
	target: string,
	emit: EventSink,
	refreshMs = defaultRefreshMs,
): LoaderCopy {
	const copied = new Map<string, string>();
	copyLoader(bootFolder, target, copied);
	let lastProblem = "";
	const timer = setInterval(() => {
		try {
			copyLoader(bootFolder, target, copied);
			lastProblem = "";
		} catch (error) {
			// Once per problem, not every five seconds: the old copy is still served.
			const warning = warningEvent(error);
			if (warning.message !== lastProblem) emit(warning);
			lastProblem = warning.message;
		}
	}, refreshMs);
	timer.unref();
	return { stop: () => clearInterval(timer) };
}

/** @param copied What was copied in the state in which it was: name → state. */
function copyLoader(bootFolder: string, target: string, copied: Map<string, string>): void {
	const names = readdirSync(resolveRooted(bootFolder, ["loader"])).filter((name) => !name.startsWith("."));
	for (const name of names) {
		const source = resolveRooted(bootFolder, ["loader", name]);
		const { ino, size, mtimeMs, isFile } = describe(source);
		const state = `${source} ${ino} ${size} ${mtimeMs}`;
		if (!isFile || copied.get(name) === state) continue;
		const unfinished = join(target, `.${name}.unfinished`);
		copyFileSync(source, unfinished);
		chmodSync(unfinished, 0o644);
		// Replaced, not overwritten: a transfer that runs goes on with the file that it began.
		renameSync(unfinished, join(target, name));
		copied.set(name, state);
	}
	for (const name of [...copied.keys()].filter((known) => !names.includes(known))) {
		rmSync(join(target, name), { force: true });
		copied.delete(name);
	}
}

function describe(path: string): { ino: number; size: number; mtimeMs: number; isFile: boolean } {
	const status = statSync(path);
	return { ino: status.ino, size: status.size, mtimeMs: status.mtimeMs, isFile: status.isFile() };
}
