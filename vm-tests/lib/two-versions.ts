import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { fetchableImage, parseManifest } from "../../agent/download/manifest.ts";
import { readSigningKey } from "../../agent/trust/key-files.ts";
import { publishImage } from "../../image/boot-tree.ts";
import { findProgram } from "../../server/programs.ts";
import { rollback } from "../../server/releases/promote.ts";
import { testSigningKeyFile } from "../../tools/cache.ts";
import type { ScenarioStage } from "./scenario.ts";

const image = "test";

/** A boot tree, and the versions of its image. */
export interface TwoVersions {
	readonly tree: string;
	/** The one that is current. */
	readonly first: string;
	readonly second: string;
}

/** A copy of the boot tree in which the test image has a second version, not released. */
export async function treeWithTwoVersions({
	setup,
	folder,
}: Pick<ScenarioStage, "setup" | "folder">): Promise<TwoVersions> {
	const tree = join(folder, "two-versions");
	rmSync(tree, { recursive: true, force: true });
	await execa("cp", ["--archive", "--link", setup.bootTree, tree]);
	const current = join(tree, "images", image, "current");
	const manifest = parseManifest(readFileSync(join(current, "image.json"), "utf8"), current);
	const first = manifest.version;
	const second = `${first}-second`;
	publishImage(
		tree,
		{ ...manifest, version: second },
		{
			kernel: join(current, manifest.kernel.file),
			initramfs: join(current, manifest.initramfs.file),
			image: join(current, fetchableImage(manifest).file),
		},
		readSigningKey(testSigningKeyFile),
	);
	rollback(tree, image, { flock: findProgram("flock") });
	return { tree, first, second };
}
