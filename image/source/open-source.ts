import { mkdirSync, statSync } from "node:fs";
import { NetherdError } from "../../agent/errors.ts";
import type { Say } from "../progress.ts";
import { copyRootFolder } from "./root-folder.ts";

/** Where an image's root comes from. */
export interface SourceOptions {
	/** A folder or an archive. */
	readonly path: string;
	/** What the image does not have besides `excludes`; patterns like those. */
	readonly exclude: readonly string[];
	/** The kernel when the source has several; the newest when undefined. */
	readonly kernelRelease?: string;
}

/**
 * Makes the root of a source in a folder. The source itself is only read.
 *
 * @param root A path where nothing is.
 * @param ownFolders Folders of the build, which are left out when the source contains them.
 * @throws {NetherdError} `image.source-missing`, `image.source-unreadable`, `image.disk-full`.
 */
export async function openSource(
	{ path }: SourceOptions,
	root: string,
	ownFolders: readonly string[],
	say: Say,
): Promise<void> {
	const status = statSync(path, { throwIfNoEntry: false });
	if (status === undefined) {
		throw new NetherdError("image.source-missing", `there is no ${path}`, {
			hint: "give a folder or an archive with a root file system, or a recipe: image build --help",
		});
	}
	mkdirSync(root, { mode: 0o755 });
	say(`copying the root ${path}`);
	await copyRootFolder(path, root, ownFolders);
}
