import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rcLocal, sysvScripts, unitFolders } from "../paths.ts";
import type { RootFacts } from "./facts.ts";

/** Looks at a new root: what it would start, and the rc.local that RCFILE_* is appended to. */
export function gatherRoot(mountedAt: string): RootFacts {
	const units = new Set<string>();
	for (const folder of unitFolders) {
		for (const name of entriesOf(join(mountedAt, folder))) {
			if (/\.(service|socket|timer|path|mount)$/.test(name)) units.add(name);
		}
	}
	for (const name of entriesOf(join(mountedAt, sysvScripts))) {
		if (name !== "README" && !name.startsWith(".")) units.add(`${name}.service`);
	}
	const script = readIfThere(join(mountedAt, rcLocal));
	return { mountedAt, units: [...units].sort(), ...(script === undefined ? {} : { rcLocal: script }) };
}

/** A file's text; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
	}
}

function entriesOf(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (error) {
		if (isMissing(error)) return [];
		throw error;
	}
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
