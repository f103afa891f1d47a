import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
	type BootFileDescription,
	describeImageFile,
	type ImageManifest,
	manifestFormat,
	parseManifest,
	serializeManifest,
} from "../agent/download/manifest.ts";
import { NetherdError } from "../agent/errors.ts";
import { readPublicKey } from "../agent/trust/key-files.ts";
import type { SigningKey } from "../agent/trust/keys.ts";
import { type CachedBuild, cachedBuild, cacheFolder } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { buildBaseRoot, renewPackages } from "./base-root.ts";
import { bootLoaderFiles, buildBootLoaders, collectLoaders } from "./boot-loaders.ts";
import { publishBootLoaders, publishImage, removeOldVersions, versionName } from "./boot-tree.ts";
import { buildExecutable } from "./executable.ts";
import { buildFromSource, type SourceOptions } from "./from-source.ts";
import { buildNodeImage, type NodeImage } from "./node-image.ts";
import type { Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { openOrMakeSigningKey } from "./signing-key.ts";
import { sourceStatus } from "./source/open-source.ts";
import { openWorkFolder } from "./work-folder.ts";

/** Where the boot tree goes when nothing else is said. */
export const defaultBootTree = join(cacheFolder, "boot-tree");

const chunkSizeBytes = 4 * 1024 * 1024;

export interface BuildOptions {
	/** What is built; of a source's image, all but what it says about Debian and its packages. */
	readonly recipe: Recipe;
	/** Where the root comes from; undefined: Debian, as the recipe says. */
	readonly source?: SourceOptions;
	/** Folder of the boot tree. */
	readonly out: string;
	/** Private key that signs image.json, and that nodes of this image trust; made when there is none. */
	readonly signingKeyFile: string;
	/** Public keys that they trust besides. */
	readonly trustedKeyFiles?: readonly string[];
	/**
	 * Which boot loaders the tree gets: those of the recipe's Debian release, none, or those of the packages that are installed
	 * in a root.
	 */
	readonly loaders?: "debian" | "none" | { readonly root: string };
	/** Installs the packages anew, with the archive's newest versions. */
	readonly renewPackages?: boolean;
	/** How many versions of the image stay in the tree; 0: all. Default 3. */
	readonly keepVersions?: number;
}

/** A version of an image in a boot tree. */
export interface PublishedImage {
	/** `DIR/images/NAME/VERSION`. */
	readonly folder: string;
	readonly tree: string;
	readonly manifest: ImageManifest;
	/** The names of what the initramfs holds, relative to its root. */
	readonly initramfsFiles: readonly string[];
}

/**
 * Builds the image of a recipe and puts it into a boot tree that `companion serve` serves. What is unchanged since the
 * last time comes from the cache: packages, agent, image, each for itself.
 *
 * @throws {NetherdError} `image.needs-root`, `trust.key-*` and the codes of each stage.
 */
export async function buildImage(options: BuildOptions, say: Say): Promise<PublishedImage> {
	const { recipe, out } = options;
	if (process.getuid?.() !== 0) {
		throw new NetherdError(
			"image.needs-root",
			"building an image needs root: it sets owners and changes its root folder",
			{
				hint:
					"run the same command with sudo" +
					(options.source === undefined ? "" : ", or in a user namespace: put `buildah unshare` before it"),
			},
		);
	}
	// Before a key is made for nothing.
	if (options.source !== undefined) sourceStatus(options.source.path);
	const trusted = (options.trustedKeyFiles ?? []).map(readPublicKey);
	const key = openOrMakeSigningKey(options.signingKeyFile, say);
	const trustedKeys = [...new Map([key.publicKey, ...trusted].map((each) => [each.id, each])).values()];
	if (recipe.format === "initramfs") {
		await ensureDebianPackages(
			["cpio", "findutils", "libcap2-bin", "zstd"],
			"pack the root into the initramfs",
		);
	}
	if (options.source !== undefined) {
		return await buildFromSource(options.source, { recipe, out, trustedKeys }, say, async (node) =>
			publish(options, key, node, await buildManifest(recipe.name, node), say),
		);
	}
	await ensureDebianPackages(
		["mmdebstrap", "mount", "squashfs-tools", "debian-archive-keyring"],
		"build node images",
	);
	if (options.renewPackages) renewPackages(recipe);

	say(`image ${recipe.name}: Debian ${recipe.suite}, ${recipe.kernel}`);
	const base = await buildBaseRoot(recipe, say);
	const agent = await buildExecutable("agent");
	const node = await buildNodeImage(recipe, base, agent, trustedKeys, say);
	return await publish(options, key, node, await cachedManifest(recipe.name, node), say);
}

async function publish(
	{ recipe, out, loaders, keepVersions }: BuildOptions,
	key: SigningKey,
	node: NodeImage,
	manifest: ImageManifest,
	say: Say,
): Promise<PublishedImage> {
	if (loaders === undefined || loaders === "debian") {
		putBootLoaders(out, (await buildBootLoaders(recipe, say)).folder);
	} else if (loaders !== "none") {
		using work = openWorkFolder(out);
		await collectLoaders(loaders.root, work.path);
		putBootLoaders(out, work.path);
	}
	const folder = publishImage(out, manifest, node, key);
	const removed = keepVersions === 0 ? [] : removeOldVersions(out, recipe.name, keepVersions ?? 3);
	for (const version of removed) say(`removed the old version ${version}`);
	say(`images/${recipe.name}/current is ${manifest.version}, signed by ${key.publicKey.id}`);
	const initramfsFiles = readFileSync(join(node.folder, "initramfs-files"), "utf8").trim().split("\n");
	return { folder, tree: out, manifest, initramfsFiles };
}

function putBootLoaders(tree: string, folder: string): void {
	publishBootLoaders(
		tree,
		bootLoaderFiles.map((file) => join(folder, file)),
	);
}

async function cachedManifest(name: string, node: NodeImage & CachedBuild): Promise<ImageManifest> {
	const inputs = {
		files: ["image/build.ts", "agent/download/*.ts"],
		values: [name, node.key, node.builtAt, node.buildId],
	};
	const { folder } = await cachedBuild("image-manifest", inputs, async (folder) => {
		writeFileSync(join(folder, "image.json"), serializeManifest(await buildManifest(name, node)));
	});
	const file = join(folder, "image.json");
	return parseManifest(readFileSync(file, "utf8"), file);
}

async function buildManifest(name: string, node: NodeImage): Promise<ImageManifest> {
	const kernel = await describeBootFile("vmlinuz", node.kernel);
	const initramfs = await describeBootFile("initramfs.img", node.initramfs);
	const image = node.image === undefined ? undefined : await describeImageFile(node.image, chunkSizeBytes);
	const files = image === undefined ? [kernel, initramfs] : [image, kernel, initramfs];
	const content = createHash("sha256")
		.update(files.map(({ sha256 }) => sha256).join())
		.digest("hex");
	const about = {
		format: manifestFormat,
		name,
		version: versionName(node.builtAt, content),
		architecture: "amd64",
		builtAt: node.builtAt,
		buildId: node.buildId,
	} as const;
	const bootFiles = { kernel: { release: node.kernelRelease, ...kernel }, initramfs };
	return image === undefined
		? { ...about, rootFormat: "initramfs", ...bootFiles }
		: { ...about, compression: "zstd", image: { file: "image.squashfs", ...image }, ...bootFiles };
}

async function describeBootFile(file: string, path: string): Promise<BootFileDescription> {
	const hash = createHash("sha256");
	await pipeline(createReadStream(path), hash);
	return { file, sizeBytes: statSync(path).size, sha256: hash.digest("hex") };
}
