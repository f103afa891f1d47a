import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "../../agent/errors.ts";
import { buildExecutable } from "../executable.ts";
import { nodePackages } from "../node-packages.ts";
import { readRecipe } from "../recipe.ts";

/*
 * The first stage of image/Dockerfile: prepare.ts RECIPE OUT. Leaves in OUT
 *   companion/                    laid over the root of the last stage
 *   build/                        what the stages of the nodes' system use: the scripts beside this file, and
 *   build/packages, components    what the recipe says of the distribution, a word a line
 */

async function main([recipeName = "", out = ""]: readonly string[]): Promise<void> {
	const recipe = readRecipe(recipeName);
	const companion = await buildExecutable("companion");
	copy(companion.path, join(out, "companion/usr/local/bin"), "companion");
	copy(companion.licences, join(out, "companion/usr/local/share/doc/netherd"), "licences.txt");

	const stages = join(out, "build");
	cpSync(import.meta.dirname, stages, { recursive: true, filter: (path) => !/\.(ts|conf|md)$/.test(path) });
	const packages = [...new Set([...nodePackages, ...recipe.packages, recipe.kernel])].sort();
	writeFileSync(join(stages, "packages"), `${packages.join("\n")}\n`);
	writeFileSync(join(stages, "components"), `${recipe.components.join("\n")}\n`);
}

function copy(file: string, folder: string, name: string): void {
	mkdirSync(folder, { recursive: true });
	cpSync(file, join(folder, name));
}

main(process.argv.slice(2)).catch((error: unknown) => {
	process.stderr.write(`prepare: ${describeError(error)}\n`);
	process.exitCode = 1;
});
