import { createHash } from "node:crypto";
import { existsSync, globSync, lstatSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../agent/trust/keys.ts";
import { type CachedBuild, cachedBuild } from "../tools/cache.ts";
import { type BaseRoot, unpackBase } from "./base-root.ts";
import { buildTime } from "./build-time.ts";
import type { Executable } from "./executable.ts";
import { layerSources } from "./layer.ts";
import { packedFiles, packRoot } from "./pack-root.ts";
import type { Say } from "./progress.ts";
import type { ImageSettings } from "./recipe.ts";

/** An image's files, before they are in a boot tree. */
export interface NodeImage {
	readonly folder: string;
	readonly kernel: string;
	readonly kernelRelease: string;
	readonly initramfs: string;
	/** Absent where the initramfs holds the whole root. */
	readonly image?: string;
	/** The same for the same content. */
	readonly buildId: string;
	/** When it was built, ISO 8601 in seconds. */
	readonly builtAt: string;
}

/**
 * Stage 2 of a recipe's image: packs the base root with netherd's files in it, or takes the earlier result of the same
 * inputs.
 *
 * @throws {NetherdError} The codes of `packRoot`; `image.unsquashfs-failed`.
 */
export async function buildNodeImage(
	settings: ImageSettings,
	base: BaseRoot,
	agent: Executable,
	trustedKeys: readonly PublicKey[],
	say: Say,
): Promise<NodeImage & CachedBuild> {
	const { name, format, squashfsLevel, initramfsLevel, mask, standInKubeadm, testChannel, files } = settings;
	const inputs = {
		files: [...layerSources, "image/*.ts", "image/in-root.sh"],
		values: [
			base.key,
			agent.key,
			JSON.stringify({ squashfsLevel, initramfsLevel, mask, standInKubeadm, testChannel }),
			// The name stands in the initramfs there.
			...(format === "initramfs" ? [format, name] : []),
			...files.map(hashFolder),
			...trustedKeys.map(({ pem }) => pem).sort(),
			process.env.SOURCE_DATE_EPOCH ?? "",
		],
	};
	const built = await cachedBuild("image-node", inputs, async (folder) => {
		const root = join(folder, "root");
		say("unpacking the base root");
		await unpackBase(base, root);
		const { epochSeconds } = base;
		await packRoot(root, folder, { settings, agent, trustedKeys, epochSeconds }, say);
		rmSync(root, { recursive: true });
		writeFileSync(join(folder, "built-at"), `${buildTime()}\n`);
	});
	return { ...built, ...readNodeImage(built.folder) };
}

/** The image that `packRoot` left in a folder, with the time in its file `built-at`. */
export function readNodeImage(folder: string): NodeImage {
	const read = (file: string): string => readFileSync(join(folder, file), "utf8").trim();
	return {
		folder,
		kernel: join(folder, packedFiles.kernel),
		kernelRelease: read(packedFiles.kernelRelease),
		initramfs: join(folder, packedFiles.initramfs),
		...(existsSync(join(folder, packedFiles.image)) ? { image: join(folder, packedFiles.image) } : {}),
		buildId: read(packedFiles.buildId),
		builtAt: read("built-at"),
	};
}

function hashFolder(folder: string): string {
	const hash = createHash("sha256");
	for (const path of globSync("**/*", { cwd: folder }).sort()) {
		const stat = lstatSync(join(folder, path));
		hash.update(`${path}\0${stat.mode}\0`);
		if (stat.isSymbolicLink()) hash.update(readlinkSync(join(folder, path)));
		if (stat.isFile()) hash.update(readFileSync(join(folder, path)));
	}
	return hash.digest("hex");
}
