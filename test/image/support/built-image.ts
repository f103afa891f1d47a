import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { buildImage, type PublishedImage } from "../../../image/build.ts";
import { sayWithTime } from "../../../image/progress.ts";
import { readRecipe } from "../../../image/recipe.ts";
import { cacheFolder, testSigningKeyFile } from "../../../tools/cache.ts";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";

/** The test recipe's image in a boot tree of its own, and its initramfs unpacked. */
export interface BuiltImage extends PublishedImage, Disposable {
	/** What the initramfs holds, as a folder that can be a root. */
	readonly initramfsRoot: string;
	/** Kernel modules lie in a part of their own, because they are compressed already. */
	readonly modulesRoot: string;
}

/** Builds, or takes from the cache, the image that the virtual machines boot. The tree is removed with the result. */
export async function builtTestImage(): Promise<BuiltImage> {
	await ensureDebianPackages(["initramfs-tools-core", "cpio", "zstd"], "look into an initramfs");
	// Beside the cache, where publishing is linking.
	mkdirSync(cacheFolder, { recursive: true });
	const folder = mkdtempSync(join(cacheFolder, "test-image-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	try {
		const published = await buildImage(
			{ recipe: readRecipe("test"), out: join(folder, "tree"), signingKeyFile: testSigningKeyFile },
			sayWithTime(),
		);
		const unpacked = join(folder, "initramfs");
		await execa("unmkinitramfs", [join(published.folder, "initramfs.img"), unpacked]);
		return {
			...published,
			initramfsRoot: join(unpacked, "main"),
			modulesRoot: join(unpacked, "early"),
			[Symbol.dispose]: remove,
		};
	} catch (error) {
		remove();
		throw error;
	}
}
