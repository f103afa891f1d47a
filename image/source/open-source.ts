import { mkdirSync, renameSync, rmSync, type Stats, statSync } from "node:fs";
import { NetherdError } from "../../agent/errors.ts";
import type { Say } from "../progress.ts";
import { extractArchive } from "./archive.ts";
import { isContainerImage, layersOf } from "./container-image.ts";
import { mergeLayer } from "./merge-layer.ts";
import { copyRootFolder } from "./root-folder.ts";

/** Where an image's root comes from. */
export interface SourceOptions {
	/** A folder or an archive. */
	readonly path: string;
	/** What the image does not have besides `excludes`; patterns like those. */
	readonly exclude: readonly string[];
	/** Which image, when the source is an archive or layout of several container images. */
	readonly tag?: string;
	/** The kernel when the source has several; the newest when undefined. */
	readonly kernelRelease?: string;
}

/** @throws {NetherdError} `image.source-missing`. */
export function sourceStatus(path: string): Stats {
	const status = statSync(path, { throwIfNoEntry: false });
	if (status !== undefined) return status;
	throw new NetherdError("image.source-missing", `there is no ${path}`, {
		hint: "give a folder or an archive with a root file system, or a recipe: image build --help",
	});
}

/**
 * Makes the root of a source in a folder: a copy of a root folder, what a tar archive of one holds, or what the layers of a
 * container image (a folder or an archive, as OCI or `docker save` writes them) make together. The source is only read.
 *
 * @param root A path where nothing is.
 * @param without Folders of the build, which are left out when the source contains them.
 * @throws {NetherdError} `image.source-missing`, `image.source-unreadable`, `image.disk-full`, and the codes of `layersOf`
 *   and `mergeLayer`.
 */
export async function openSource(
	source: SourceOptions,
	root: string,
	without: readonly string[],
	say: Say,
): Promise<void> {
	const { path } = source;
	const status = sourceStatus(path);
	if (status.isDirectory() && !isContainerImage(path)) {
		say(`copying the root ${path}`);
		mkdirSync(root);
		await copyRootFolder(path, root, without);
		return;
	}
	if (status.isDirectory()) {
		await unpackImage(path, source, root, say);
		return;
	}
	const archive = `${root}.archive`;
	mkdirSync(archive);
	say(`unpacking ${path}`);
	await extractArchive(path, archive, "unpacking");
	if (!isContainerImage(archive)) {
		renameSync(archive, root);
		return;
	}
	await unpackImage(archive, source, root, say);
	rmSync(archive, { recursive: true });
}

/** Layer by layer: each is unpacked by itself, so that its names cannot lead through links of one below. */
async function unpackImage(folder: string, { tag }: SourceOptions, root: string, say: Say): Promise<void> {
	const layers = layersOf(folder, tag);
	mkdirSync(root);
	const unpacked = `${root}.layer`;
	for (const [index, { file, sha256 }] of layers.entries()) {
		const which = `layer ${index + 1} of ${layers.length}`;
		say(`unpacking ${which}`);
		mkdirSync(unpacked);
		const extracted = await extractArchive(file, unpacked, which);
		if (sha256 !== undefined && extracted.sha256 !== sha256) {
			throw new NetherdError("image.source-damaged", `${file} has SHA-256 ${extracted.sha256}`, {
				hint: "it was damaged or exchanged after it was made: export the image again",
			});
		}
		mergeLayer(root, unpacked, extracted.folders);
		rmSync(unpacked, { recursive: true });
	}
}
