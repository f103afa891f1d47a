import { join } from "node:path";
import { buildImage } from "../../image/build.ts";
import { type Recipe, readRecipe } from "../../image/recipe.ts";
import { testSigningKeyFile } from "../../tools/cache.ts";
import { vmFolder } from "./prepare.ts";
import type { ScenarioStage } from "./scenario.ts";

/**
 * A boot tree with an image that is the test image but for something; what both are made of is built once.
 *
 * @param changes Of its recipe; a name of its own among them.
 */
export async function variantTree(
	changes: Partial<Recipe> & Pick<Recipe, "name">,
	{ say }: Pick<ScenarioStage, "say">,
): Promise<string> {
	const { tree } = await buildImage(
		{
			recipe: { ...readRecipe("test"), ...changes },
			out: join(vmFolder, `boot-tree-${changes.name}`),
			keepVersions: 1,
			signingKeyFile: testSigningKeyFile,
		},
		say,
	);
	return tree;
}
