import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { filesOf } from "../../agent/download/manifest.ts";
import { NetherdError } from "../../agent/errors.ts";
import { type ReleasedImage, readReleasedImage } from "../boot-tree.ts";
import { isImageName } from "../config/values.ts";
import { resolveRooted } from "../rooted-path.ts";
import { changeFailed, withImageAlone } from "./change.ts";
import { currentVersion, goBack, makeCurrent, previousRelease } from "./history.ts";
import { imagesIn, versionsOf } from "./versions.ts";

/** What `current` was and what it is. */
export interface CurrentMoved {
	readonly image: string;
	/** Undefined when the image had no current version. */
	readonly from: string | undefined;
	/** The same as `from` when there was nothing to do. */
	readonly to: string;
	/** Whether all hashes were compared, not only sizes. */
	readonly isVerified: boolean;
	/** Nodes refuse a version that is not, unless they verify nothing. */
	readonly isSigned: boolean;
}

/**
 * Makes a version current, if it is whole.
 *
 * @param folder The boot tree.
 * @param isToVerify Also compares every file's SHA-256 with the manifest.
 * @throws {NetherdError} `release.bad-name`, `release.version-missing`, `release.incomplete`, `release.hash-wrong`,
 *   `release.busy`, `release.cannot-lock`, `release.disk-full`, `release.change-failed`, `server.folder-missing`.
 */
export async function promote(
	folder: string,
	wanted: { readonly image: string; readonly version: string },
	{ flock, isToVerify }: { readonly flock: string; readonly isToVerify: boolean },
): Promise<CurrentMoved> {
	const { image, version } = wanted;
	for (const name of [image, version]) checkName(name);
	if (version === "current") throw badName(version);
	checkImage(folder, image);
	const { released } = wholeVersion(folder, image, version);
	// Before the lock: it may take a minute.
	if (isToVerify) await compareHashes(released);
	const imageFolder = resolveRooted(folder, ["images", image]);
	return withImageAlone(flock, imageFolder, () => {
		const { isSigned } = wholeVersion(folder, image, version);
		const from = currentVersion(imageFolder);
		if (from !== version) {
			orNamed(`make ${version} current in ${imageFolder}`, () =>
				makeCurrent(imageFolder, version, new Date()),
			);
		}
		return { image, from, to: version, isVerified: isToVerify, isSigned };
	});
}

/**
 * Makes the version current that was so before.
 *
 * @param image Undefined: the only one there is.
 * @throws {NetherdError} As promote; `release.no-previous`, `release.which-image`.
 */
export function rollback(
	folder: string,
	image: string | undefined,
	{ flock }: { readonly flock: string },
): CurrentMoved {
	const name = image ?? onlyImage(folder);
	checkName(name);
	checkImage(folder, name);
	const imageFolder = resolveRooted(folder, ["images", name]);
	return withImageAlone(flock, imageFolder, () => {
		const versions = versionsOf(folder, name).map(({ version }) => version);
		const from = currentVersion(imageFolder);
		const release = previousRelease(imageFolder, versions);
		if (release === undefined) {
			throw new NetherdError(
				"release.no-previous",
				`no version of ${name} that is still there was current before ${from ?? "now"}`,
				{
					hint: `choose one: companion releases promote ${folder} ${name}/VERSION; versions are: ${versions.join(", ")}`,
				},
			);
		}
		const { isSigned } = wholeVersion(folder, name, release.version);
		orNamed(`make ${release.version} current in ${imageFolder}`, () => goBack(imageFolder, release));
		return { image: name, from, to: release.version, isVerified: false, isSigned };
	});
}

/** @throws {NetherdError} `release.bad-name` */
export function checkName(name: string): void {
	if (!isImageName(name)) throw badName(name);
}

function badName(name: string): NetherdError {
	return new NetherdError(
		"release.bad-name",
		`${JSON.stringify(name)} is not the name of an image or a version`,
		{
			hint: "name both as the folders in DIR/images: node/20260102T030405Z-01234567",
		},
	);
}

/** @throws {NetherdError} `release.image-missing`, `server.folder-missing`. */
export function checkImage(folder: string, image: string): void {
	const images = imagesIn(folder);
	if (images.includes(image)) return;
	throw new NetherdError("release.image-missing", `${folder} has no image ${image}`, {
		hint: images.length === 0 ? "build one: image build --out DIR" : `images are: ${images.join(", ")}`,
	});
}

function onlyImage(folder: string): string {
	const images = imagesIn(folder);
	const [only] = images;
	if (only !== undefined && images.length === 1) return only;
	throw new NetherdError(
		"release.which-image",
		images.length === 0 ? `${folder} has no image` : `${folder} has several images`,
		{ hint: images.length === 0 ? "build one: image build --out DIR" : `name one of: ${images.join(", ")}` },
	);
}

function wholeVersion(
	folder: string,
	image: string,
	version: string,
): { readonly released: ReleasedImage; readonly isSigned: boolean } {
	const there = versionsOf(folder, image);
	const found = there.find((each) => each.version === version);
	if (found === undefined) {
		const list = there.length === 0 ? "none" : there.map((each) => each.version).join(", ");
		throw new NetherdError("release.version-missing", `there is no version ${version} of ${image}`, {
			hint: `versions are: ${list}`,
		});
	}
	try {
		return { released: readReleasedImage(folder, image, version), isSigned: found.isSigned };
	} catch (error) {
		if (!(error instanceof NetherdError)) throw error;
		throw new NetherdError("release.incomplete", `${image}/${version} is not whole: ${error.message}`, {
			hint: "finish copying it, or build it again; `current` stays as it is",
			cause: error,
		});
	}
}

async function compareHashes({ name, version, folder, manifest }: ReleasedImage): Promise<void> {
	for (const { file, sha256 } of filesOf(manifest)) {
		const hash = createHash("sha256");
		await pipeline(createReadStream(join(folder, file)), hash);
		const actual = hash.digest("hex");
		if (actual === sha256) continue;
		throw new NetherdError(
			"release.hash-wrong",
			`${name}/${version}: ${file} has SHA-256 ${actual}; image.json says ${sha256}`,
			{ hint: "copy that file again, or build the version again; `current` stays as it is" },
		);
	}
}

function orNamed(what: string, change: () => void): void {
	try {
		change();
	} catch (error) {
		throw changeFailed(what, error);
	}
}
