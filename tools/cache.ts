import { createHash } from "node:crypto";
import {
	existsSync,
	globSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
} from "node:fs";
import { join } from "node:path";

/** The repository's top folder. */
export const repository = join(import.meta.dirname, "..");

/** Everything that is built or downloaded; ignored by git, safe to delete. */
export const cacheFolder = join(repository, ".cache");

/** The key of `npm start` and of the tests: nothing but their virtual machines trusts it. Made on first use. */
export const testSigningKeyFile = join(cacheFolder, "signing-key.pem");

/** What a cached build depends on. */
export interface BuildInputs {
	/** Glob patterns relative to the repository; the files' names and contents count. */
	readonly files: readonly string[];
	/** Anything else that changes the result: versions, options, keys of earlier builds. */
	readonly values?: readonly string[];
}

/** A finished build in the cache: immutable, named after its inputs. */
export interface CachedBuild {
	readonly folder: string;
	/** First 16 hexadecimal digits of the inputs' SHA-256; use it in the inputs of a build that starts from this one. */
	readonly key: string;
}

/**
 * Returns the build of these inputs, running `build` only when the cache has none. The folder appears under its name
 * only when `build` has returned, so an interrupted build leaves nothing that looks finished. Older builds of the same
 * name are removed but for the three used last.
 */
export async function cachedBuild(
	name: string,
	inputs: BuildInputs,
	build: (folder: string, key: string) => Promise<void>,
): Promise<CachedBuild> {
	const key = inputsKey(inputs);
	const parent = join(cacheFolder, name);
	const folder = join(parent, key);
	if (existsSync(folder)) {
		const now = new Date();
		utimesSync(folder, now, now);
		return { folder, key };
	}
	removeAbandonedBuilds(parent);
	const unfinished = join(parent, `${key}.unfinished-${process.pid}`);
	mkdirSync(unfinished, { recursive: true });
	const remove = () => rmSync(unfinished, { recursive: true, force: true, maxRetries: 5 });
	process.once("exit", remove);
	try {
		await build(unfinished, key);
		if (!existsSync(folder)) renameSync(unfinished, folder);
	} finally {
		process.off("exit", remove);
		remove();
	}
	removeOldBuilds(parent, 3);
	return { folder, key };
}

function inputsKey(inputs: BuildInputs): string {
	const hash = createHash("sha256");
	const files = [
		...new Set(inputs.files.flatMap((pattern) => globSync(pattern, { cwd: repository }))),
	].sort();
	for (const file of files) {
		const path = join(repository, file);
		if (!statSync(path).isFile()) continue;
		const content = readFileSync(path);
		hash.update(`${file}\0${content.length}\0`).update(content);
	}
	for (const value of inputs.values ?? []) hash.update(`\0${value}`);
	return hash.digest("hex").slice(0, 16);
}

/** Left by processes that were killed in the middle of a build. */
function removeAbandonedBuilds(parent: string): void {
	for (const entry of existsSync(parent) ? readdirSync(parent) : []) {
		const pid = /\.unfinished-(\d+)$/.exec(entry)?.[1];
		if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
			rmSync(join(parent, entry), { recursive: true, force: true });
		}
	}
}

function removeOldBuilds(parent: string, keep: number): void {
	readdirSync(parent)
		.filter((entry) => !entry.includes(".unfinished-"))
		.map((entry) => ({ path: join(parent, entry), usedMs: statSync(join(parent, entry)).mtimeMs }))
		.sort((a, b) => b.usedMs - a.usedMs)
		.slice(keep)
		.forEach(({ path }) => {
			rmSync(path, { recursive: true, force: true });
		});
}
