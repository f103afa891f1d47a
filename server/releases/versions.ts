import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import { signatureEnding } from "../../agent/trust/signature-file.ts";
import { type ReleasedImage, readReleasedImage } from "../boot-tree.ts";
import { isImageName } from "../config/values.ts";
import { resolveRooted } from "../rooted-path.ts";

/** One version folder, whole or not. */
export interface Version {
	readonly image: string;
	readonly version: string;
	readonly folder: string;
	/** Undefined when it is not whole. */
	readonly released: ReleasedImage | undefined;
	/** Whether it has a signature file; what is in that, nodes look at. */
	readonly isSigned: boolean;
	/** What is missing or wrong; undefined when it is whole. */
	readonly problem: string | undefined;
	/** Of all files in it. */
	readonly sizeBytes: number;
	/** What the disk gets back when it is removed: files that have no other name elsewhere, such as in a build's cache. */
	readonly ownBytes: number;
}

/**
 * Names of all images in a boot tree, released or not.
 *
 * @throws {NetherdError} `server.folder-missing`
 */
export function imagesIn(folder: string): string[] {
	let images: string;
	try {
		images = resolveRooted(folder, ["images"]);
	} catch (error) {
		throw new NetherdError("server.folder-missing", `${join(folder, "images")} is not a folder`, {
			hint: "give the boot tree that the image build made: companion releases list DIR",
			cause: error,
		});
	}
	return foldersIn(images);
}

/**
 * Every version of an image, the newest first: by the time in its manifest, then by name. Those that are not whole come
 * last.
 *
 * @throws {NetherdError} `server.file-missing`, `server.path-leads-out`: of the image's folder.
 */
export function versionsOf(folder: string, image: string): Version[] {
	return foldersIn(resolveRooted(folder, ["images", image]))
		.map((version) => readVersion(folder, image, version))
		.sort((a, b) => {
			const [builtA, builtB] = [builtAtMs(a), builtAtMs(b)];
			return builtA === builtB ? (a.version < b.version ? 1 : -1) : builtB - builtA;
		});
}

/** Hidden folders are unfinished, or on their way out. */
function foldersIn(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && isImageName(entry.name))
		.map(({ name }) => name)
		.sort();
}

function readVersion(root: string, image: string, version: string): Version {
	const folder = join(resolveRooted(root, ["images", image]), version);
	const others = { isSigned: existsSync(join(folder, `image.json${signatureEnding}`)), ...sizesIn(folder) };
	try {
		return {
			image,
			version,
			folder,
			released: readReleasedImage(root, image, version),
			problem: undefined,
			...others,
		};
	} catch (error) {
		if (!(error instanceof NetherdError)) throw error;
		return { image, version, folder, released: undefined, problem: error.message, ...others };
	}
}

function sizesIn(folder: string): { sizeBytes: number; ownBytes: number } {
	const files = readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isFile())
		.flatMap(({ name }) => statSync(join(folder, name), { throwIfNoEntry: false }) ?? []);
	return {
		sizeBytes: files.reduce((sum, { size }) => sum + size, 0),
		ownBytes: files.reduce((sum, { nlink, blocks }) => sum + (nlink === 1 ? blocks * 512 : 0), 0),
	};
}

function builtAtMs({ released }: Version): number {
	return released === undefined ? 0 : Date.parse(released.manifest.builtAt);
}
