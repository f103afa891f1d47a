import {
	chmodSync,
	existsSync,
	lchownSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	readdirSync,
	renameSync,
	rmSync,
	type Stats,
} from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import { rootedPath } from "../rooted.ts";

/** https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
const whiteoutPrefix = ".wh.";
const opaqueMarker = ".wh..wh..opq";

/**
 * Moves an unpacked layer of a container image over the root that the layers below it gave. What the layer marks as removed
 * goes; of what both have, the layer's stays. Nothing outside of the root is touched, whatever links either has.
 *
 * @param layer Is empty afterwards but for folders.
 * @param named The folders that the layer named as such: these replace a link below; others are only the way to a file, and
 *   follow it.
 * @throws {NetherdError} `image.source-damaged`; Error of the file system.
 */
export function mergeLayer(root: string, layer: string, named: ReadonlySet<string>): void {
	const status = lstatSync(layer);
	mergeFolder({ root, layer, named }, "");
	if (named.has("")) takeOver(root, status);
}

interface Merge {
	readonly root: string;
	readonly layer: string;
	readonly named: ReadonlySet<string>;
}

function mergeFolder(merge: Merge, path: string): void {
	const { root, layer, named } = merge;
	const entries = readdirSync(join(layer, path), { withFileTypes: true });
	// What is removed is removed from the layers below, in whatever order this one has its entries.
	for (const { name } of entries.filter(({ name }) => name.startsWith(whiteoutPrefix))) {
		const below =
			name === opaqueMarker ? contentOf(root, path) : [join(path, name.slice(whiteoutPrefix.length))];
		for (const each of below) {
			const victim = rootedPath(root, each, false);
			// `.wh..` and `.wh...` would be the folder itself and the one around it.
			if (victim !== undefined && each.startsWith(path) && each !== path)
				rmSync(victim, { recursive: true, force: true });
		}
	}
	for (const entry of entries.filter(({ name }) => !name.startsWith(whiteoutPrefix))) {
		const inside = join(path, entry.name);
		const from = join(layer, inside);
		if (!entry.isDirectory()) {
			const to = placeFor(root, inside);
			if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) rmSync(to, { recursive: true });
			renameSync(from, to);
			continue;
		}
		const status = lstatSync(from);
		const to = folderFor(root, inside, named.has(inside));
		const isNew = !existsSync(to);
		// Where a link below leads, there may be nothing yet.
		if (isNew) mkdirSync(to, { recursive: true });
		mergeFolder(merge, inside);
		if (isNew || named.has(inside)) takeOver(to, status);
	}
}

/** Where a file of the layer goes: links on the way to it are the root's own affair. */
function placeFor(root: string, path: string): string {
	const place = rootedPath(root, path, false);
	if (place === undefined) throw circle(path);
	return place;
}

/** A folder that the layer named takes the place of anything else; one that it did not may be a link to a folder. */
function folderFor(root: string, path: string, isNamed: boolean): string {
	const place = placeFor(root, path);
	const target = isNamed ? place : rootedPath(root, path, true);
	if (target === undefined) throw circle(path);
	const status = lstatSync(target, { throwIfNoEntry: false });
	if (status !== undefined && !status.isDirectory()) rmSync(target);
	return target;
}

function contentOf(root: string, path: string): string[] {
	const folder = rootedPath(root, path, true);
	if (folder === undefined || !lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
	return readdirSync(folder).map((name) => join(path, name));
}

function takeOver(folder: string, status: Stats): void {
	lchownSync(folder, status.uid, status.gid);
	chmodSync(folder, status.mode & 0o7777);
	lutimesSync(folder, status.atime, status.mtime);
}

function circle(path: string): NetherdError {
	return new NetherdError("image.source-damaged", `/${path} of a layer is below links that go in a circle`, {
		hint: "the image's layers do not fit together: build it again",
	});
}
