import { readdirSync, readFileSync, statSync } from "node:fs";
import { NetherdError } from "../errors.ts";
import { nodeStorage, rcLocal, sysvScripts, unitFolders } from "../paths.ts";
import type { RootFacts } from "./facts.ts";
import { rootedPath } from "./rooted-path.ts";

/** Looks at a new root: what it would start, and the rc.local that RCFILE_* is appended to. */
export function gatherRoot(mountedAt: string): RootFacts {
	const units = new Set<string>();
	for (const folder of unitFolders) {
		for (const name of entriesOf(mountedAt, folder)) {
			if (/\.(service|socket|timer|path|mount)$/.test(name)) units.add(name);
		}
	}
	for (const name of entriesOf(mountedAt, sysvScripts)) {
		if (name !== "README" && !name.startsWith(".")) units.add(`${name}.service`);
	}
	const script = readInRoot(mountedAt, rcLocal);
	const filled = nodeStorage.filter((folder) => entriesOf(mountedAt, folder).length > 0);
	return {
		mountedAt,
		units: [...units].sort(),
		...(filled.length === 0 ? {} : { filledFolders: filled }),
		...(script === undefined ? {} : { rcLocal: script }),
	};
}

/**
 * A file's text; undefined when there is none. Links are followed as inside of the root: those of an image must not lead
 * to files of the machine that looks at it.
 */
export function readInRoot(root: string, path: string): string | undefined {
	return unlessMissing(() => {
		const file = rootedPath(root, path);
		// A pipe would never come to an end.
		return statSync(file).isFile() ? readFileSync(file, "utf8") : undefined;
	});
}

function entriesOf(root: string, folder: string): readonly string[] {
	return unlessMissing(() => readdirSync(rootedPath(root, folder))) ?? [];
}

/** Links that go in a circle lead to nothing. */
function unlessMissing<Result>(look: () => Result): Result | undefined {
	try {
		return look();
	} catch (error) {
		if (error instanceof NetherdError && error.code === "host.path-loop") return undefined;
		if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
			return undefined;
		}
		throw error;
	}
}
