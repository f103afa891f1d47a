import { statSync } from "node:fs";
import { join } from "node:path";
import { buildImage } from "../image/build.ts";
import { sayWithTime } from "../image/progress.ts";
import { readRecipe } from "../image/recipe.ts";
import { cacheFolder, testSigningKeyFile } from "../tools/cache.ts";
import type { Row } from "./table.ts";

/** Sizes of what a node downloads, for the image of the tests and for that of real machines. */
export async function benchNodeImage(): Promise<readonly Row[]> {
	const rows: Row[] = [];
	for (const name of ["test", "metal"]) {
		const { folder } = await buildImage(
			{
				recipe: readRecipe(name),
				out: join(cacheFolder, "bench-boot-tree"),
				signingKeyFile: testSigningKeyFile,
			},
			sayWithTime(),
		);
		for (const [file, wanted] of [["initramfs.img", "≤ 70 MB"], ["image.squashfs"], ["vmlinuz"]] as const) {
			const megabytes = statSync(join(folder, file)).size / 1e6;
			rows.push({
				what: `recipe ${name}: ${file}`,
				measured: `${megabytes.toFixed(1)} MB`,
				...(wanted === undefined ? {} : { wanted }),
			});
		}
	}
	return rows;
}
