import { globSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { openSource } from "../../../image/source/open-source.ts";
import type { Tree } from "./archives.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export async function open(
	path: string,
	options: { tag?: string; without?: string[] } = {},
): Promise<string> {
	const root = join(temporaryFolder(), "root");
	const { tag, without = [] } = options;
	await openSource({ path, exclude: [], ...(tag === undefined ? {} : { tag }) }, root, without, () => {});
	return root;
}

/** The tree of a folder, as `writeTree` takes it, without folders. */
export function treeOf(folder: string): Tree {
	const files = globSync("**/*", { cwd: folder, withFileTypes: true }).filter(
		(entry) => !entry.isDirectory(),
	);
	return Object.fromEntries(
		files
			.map((entry) => {
				const path = join(entry.parentPath, entry.name);
				const content = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, "utf8");
				return [path.slice(folder.length + 1), content] as const;
			})
			.sort(([a], [b]) => (a < b ? -1 : 1)),
	);
}

export const system: Tree = { bin: "-> usr/bin", "etc/hostname": "node", "usr/bin/tool": "tool" };
