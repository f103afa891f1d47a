import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { type CachedBuild, cachedBuild } from "../tools/cache.ts";
import { aptSettings } from "./apt-settings.ts";
import type { Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { isolated, runTool } from "./run-tool.ts";

/** iPXE for machines whose firmware is a BIOS (undionly.kpxe) or UEFI (snponly.efi); both use the firmware's drivers. */
export const bootLoaderFiles = ["undionly.kpxe", "snponly.efi"] as const;

/**
 * Takes the boot loaders out of Debian's `ipxe` package of the recipe's suite.
 *
 * @returns A folder with `bootLoaderFiles`.
 * @throws {NetherdError} `image.no-debian-mirror`, `image.boot-loaders-failed`, `image.disk-full`.
 */
export async function buildBootLoaders(recipe: Recipe, say: Say): Promise<CachedBuild> {
	const apt = await aptSettings({ ...recipe, components: ["main"] });
	const inputs = { files: ["image/boot-loaders.ts"], values: [recipe.suite, ...apt.sources] };
	return await cachedBuild("image-loader", inputs, async (folder) => {
		say(`boot loaders: unpacking Debian ${recipe.suite}'s ipxe`);
		const tree = join(folder, "tree");
		const failure = {
			code: "image.boot-loaders-failed",
			hint: "see the last lines: usually a mirror that cannot be reached, or archive keys that are too old",
		};
		await runTool(
			[
				...isolated,
				"mmdebstrap",
				"--mode=root",
				"--variant=extract",
				"--format=directory",
				"--include=ipxe",
				...apt.options.map((option) => `--aptopt=${option}`),
				recipe.suite,
				tree,
				"-",
			],
			{ ...failure, input: `${apt.sources.join("\n")}\n` },
		);
		for (const file of bootLoaderFiles) {
			const unpacked = join(tree, "usr/lib/ipxe", file);
			if (!existsSync(unpacked)) {
				throw new NetherdError(failure.code, `the ipxe package of ${recipe.suite} has no ${file}`, {
					hint: "use a suite whose ipxe package has it: trixie does",
				});
			}
			copyFileSync(unpacked, join(folder, file));
		}
		rmSync(tree, { recursive: true });
	});
}
