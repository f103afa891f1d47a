import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { filesOf, type ImageManifest, parseManifest } from "../agent/download/manifest.ts";
import { NetherdError } from "../agent/errors.ts";
import type { Config } from "./config/read-config.ts";
import { isImageName } from "./config/values.ts";
import { loaderFiles } from "./loaders.ts";
import { resolveRooted } from "./rooted-path.ts";

/**
 * The folder that is served:
 *
 *     DIR/lts.conf                                                              the farm (may be missing)
 *     DIR/images/NAME/VERSION/{vmlinuz,initramfs.img,image.squashfs,image.json} never changed once there; no squashfs
 *                                                                               where the initramfs holds the whole root
 *     DIR/images/NAME/current -> VERSION                                        replaced to release a version
 *     DIR/loader/                                                               boot loaders (loaders.ts)
 *
 * It is read again for every request: a new version needs no restart.
 */
export interface BootTree {
	readonly folder: string;
	/** Every image that has a released version, by name. */
	readonly imageNames: readonly string[];
	/** The image that nodes boot. */
	readonly defaultImage: string;
}

/** One version of an image, files checked for presence and size. */
export interface ReleasedImage {
	readonly name: string;
	readonly version: string;
	/** Where it really is. */
	readonly folder: string;
	readonly manifest: ImageManifest;
	/** The squashfs, links resolved; absent when the whole root is in the initramfs. */
	readonly squashfs?: string;
}

/**
 * Looks through the folder and checks that all that is released is whole.
 *
 * @throws {NetherdError} `server.folder-missing`, `server.no-image`, `server.default-image-missing`,
 *   `server.file-missing`, `server.path-leads-out`, `server.image-wrong`, `image.manifest-*`.
 */
export function readBootTree(
	folder: string,
	{ defaultImage, loaders }: Pick<Config, "defaultImage" | "loaders">,
): BootTree {
	if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
		throw new NetherdError("server.folder-missing", `${folder} is not a folder`, {
			hint: "give the boot tree that the image build made: companion serve DIR --config FILE",
		});
	}
	for (const file of loaderFiles(loaders)) resolveRooted(folder, ["loader", file]);
	const imageNames = releasedImages(folder);
	for (const name of imageNames) readReleasedImage(folder, name);
	return { folder, imageNames, defaultImage: chooseDefault(folder, imageNames, defaultImage) };
}

/** Names of the images that have `current`; others are being uploaded. */
export function releasedImages(folder: string): string[] {
	const images = resolveRooted(folder, ["images"]);
	return readdirSync(images)
		.filter((name) => isImageName(name) && hasEntry(join(images, name), "current"))
		.sort();
}

function hasEntry(folder: string, name: string): boolean {
	try {
		return readdirSync(folder).includes(name);
	} catch {
		// A file among the image folders.
		return false;
	}
}

function chooseDefault(folder: string, names: readonly string[], configured: string | undefined): string {
	const list = names.length === 0 ? "none" : names.join(", ");
	if (configured !== undefined) {
		if (names.includes(configured)) return configured;
		throw new NetherdError(
			"server.default-image-missing",
			`[image] default = ${configured}: ${join(folder, "images", configured, "current")} does not exist`,
			{ hint: `build or release that image, or name one of those released: ${list}` },
		);
	}
	const [only] = names;
	if (only === undefined) {
		throw new NetherdError(
			"server.no-image",
			`${join(folder, "images")} has no image with a current version`,
			{
				hint: "build an image into this folder; DIR/images/NAME/current is a link to the version to boot",
			},
		);
	}
	if (names.length === 1) return only;
	throw new NetherdError("server.default-image-missing", `${folder} has several images: ${list}`, {
		hint: "say which one nodes boot: [image] default = NAME",
	});
}

/**
 * A version of an image; without one named, that which `current` points at now.
 *
 * @throws {NetherdError} `server.file-missing`, `server.path-leads-out`, `server.image-wrong`, `image.manifest-*`.
 */
export function readReleasedImage(folder: string, name: string, wanted = "current"): ReleasedImage {
	const imageFolder = resolveRooted(folder, ["images", name]);
	const versionFolder = resolveRooted(folder, ["images", name, wanted]);
	const version = basename(versionFolder);
	if (dirname(versionFolder) !== imageFolder || !isImageName(version)) {
		throw wrong(
			`${join(imageFolder, "current")} leads to ${versionFolder}`,
			`make it a link to a version folder beside it: ln -sfn VERSION ${join(imageFolder, "current")}`,
		);
	}
	const part = (file: string) => resolveRooted(folder, ["images", name, version, file]);
	const manifestFile = part("image.json");
	const manifest = parseManifest(readFileSync(manifestFile, "utf8"), manifestFile);
	if (manifest.name !== name || manifest.version !== version) {
		throw wrong(
			`${manifestFile} describes ${manifest.name}/${manifest.version}`,
			"build the image into this place again; do not rename folders below images",
		);
	}
	for (const described of filesOf(manifest)) {
		const { size } = statSync(part(described.file));
		if (size === described.sizeBytes) continue;
		throw wrong(
			`${part(described.file)} has ${size} bytes; image.json says ${described.sizeBytes}`,
			"copy the version folder again, completely, before `current` points at it",
		);
	}
	const squashfs = manifest.image && part(manifest.image.file);
	return { name, version, folder: versionFolder, manifest, ...(squashfs === undefined ? {} : { squashfs }) };
}

function wrong(message: string, hint: string): NetherdError {
	return new NetherdError("server.image-wrong", message, { hint });
}
