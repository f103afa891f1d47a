import {
	chmodSync,
	closeSync,
	copyFileSync,
	existsSync,
	fsyncSync,
	linkSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { fetchableImage, type ImageManifest, serializeManifest } from "../agent/download/manifest.ts";
import { NetherdError } from "../agent/errors.ts";
import type { SigningKey } from "../agent/trust/keys.ts";
import { findProgram } from "../server/programs.ts";
import { withImageAlone } from "../server/releases/change.ts";
import { currentVersion, makeCurrent } from "../server/releases/history.ts";
import { prune } from "../server/releases/prune.ts";
import { signFile } from "./sign.ts";
import { openWorkFolder } from "./work-folder.ts";

/** Where the files of one version of an image are, before they are in a boot tree. */
export interface ImageFiles {
	readonly kernel: string;
	readonly initramfs: string;
	/** Absent where the initramfs holds the whole root. */
	readonly image?: string | undefined;
}

/**
 * Puts one version of an image into a boot tree: `images/NAME/VERSION/`, complete under its name or not there, and then
 * `images/NAME/current` points to it. Machines that boot meanwhile get the old version or the new one, never a mixture.
 * A version that is there already stays as it is, but for the key's signature, which it gets if it lacks it. What was
 * current is noted for `companion releases rollback`.
 *
 * Files are hard links where the file system allows it.
 *
 * @param tree The boot tree's folder; made when missing.
 * @returns The version's folder.
 * @throws {NetherdError} `image.publish-failed`, `image.disk-full`, `image.sign-failed`, `trust.signature-malformed`,
 *   `release.busy`, `release.cannot-lock`.
 */
export function publishImage(
	tree: string,
	manifest: ImageManifest,
	files: ImageFiles,
	key: SigningKey,
): string {
	return orNamed(tree, () => {
		const parent = join(tree, "images", manifest.name);
		const folder = join(parent, manifest.version);
		const text = serializeManifest(manifest);
		const signIn = (versionFolder: string) =>
			signFile({ file: join(versionFolder, "image.json"), purpose: "image.json" }, key);
		if (!existsSync(folder)) {
			using work = openWorkFolder(tree);
			const unfinished = join(work.path, manifest.version);
			mkdirSync(unfinished);
			chmodSync(unfinished, 0o755);
			linkOrCopy(files.kernel, join(unfinished, manifest.kernel.file));
			linkOrCopy(files.initramfs, join(unfinished, manifest.initramfs.file));
			if (files.image !== undefined) linkOrCopy(files.image, join(unfinished, fetchableImage(manifest).file));
			writeFileSync(join(unfinished, "image.json"), text);
			signIn(unfinished);
			// On the disk before it has its name: what is published is whole after a power cut, too.
			for (const name of readdirSync(unfinished)) synchronize(join(unfinished, name));
			mkdirSync(parent, { recursive: true });
			renameSync(unfinished, folder);
			synchronize(parent);
		} else if (readFileSync(join(folder, "image.json"), "utf8") === text) {
			signIn(folder);
		}
		withImageAlone(findProgram("flock"), parent, () => {
			if (!existsSync(folder)) throw new Error(`${folder} was removed meanwhile`);
			removeUnfinished(parent);
			if (currentVersion(parent) !== manifest.version) makeCurrent(parent, manifest.version, new Date());
		});
		return folder;
	});
}

/**
 * Puts the boot loaders into `loader/`, each replaced atomically.
 *
 * @throws {NetherdError} `image.publish-failed`, `image.disk-full`.
 */
export function publishBootLoaders(tree: string, files: readonly string[]): void {
	orNamed(tree, () => {
		const folder = join(tree, "loader");
		mkdirSync(folder, { recursive: true });
		using work = openWorkFolder(tree);
		for (const file of files) {
			const unfinished = join(work.path, basename(file));
			// Between two names of one file, rename(2) does nothing, and the work folder goes with what is in it.
			linkOrCopy(file, unfinished);
			renameSync(unfinished, join(folder, basename(file)));
		}
	});
}

/**
 * Removes the oldest versions of an image but for the newest `keep`, the current one, the one before it, and those that a
 * companion on this machine has locked because nodes use them or are pinned to them.
 *
 * @returns The names of what was removed, the newest first.
 * @throws {NetherdError} `release.busy`, `release.cannot-lock`, `release.leftovers`.
 */
export function removeOldVersions(tree: string, name: string, keep: number): string[] {
	const { removed } = prune(tree, name, { flock: findProgram("flock"), keep, pins: [] });
	return removed.map(({ version }) => version);
}

/** `builtAt` and the hash of the content: sorts by time, and one content has one name. */
export function versionName(builtAt: string, hash: string): string {
	return `${builtAt.replace(/[-:]/g, "")}-${hash.slice(0, 8)}`;
}

/** What a command that was killed has left of `current` or `history`; nobody else is at work. */
function removeUnfinished(imageFolder: string): void {
	for (const name of readdirSync(imageFolder)) {
		if (/^\.(current|history)\.unfinished-\d+$/.test(name)) rmSync(join(imageFolder, name), { force: true });
	}
}

function synchronize(path: string): void {
	const descriptor = openSync(path, "r");
	try {
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

function linkOrCopy(from: string, to: string): void {
	try {
		linkSync(from, to);
	} catch (error) {
		if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP"].includes(errorCode(error))) throw error;
		copyFileSync(from, to);
	}
}

function orNamed<Result>(tree: string, publish: () => Result): Result {
	try {
		return publish();
	} catch (error) {
		if (error instanceof NetherdError) throw error;
		if (errorCode(error) === "ENOSPC") {
			throw new NetherdError("image.disk-full", `no space left for the boot tree ${tree}`, {
				hint: "free some space, or give another folder with --out",
				cause: error,
			});
		}
		throw new NetherdError("image.publish-failed", `cannot write the boot tree ${tree}`, {
			hint: "check that the folder is writable and that nothing else is in the way",
			cause: error,
		});
	}
}

function errorCode(error: unknown): string {
	return error instanceof Error && "code" in error ? String(error.code) : "";
}
