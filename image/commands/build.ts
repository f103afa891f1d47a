import { statSync } from "node:fs";
import { resolve } from "node:path";
import { buildImage, defaultBootTree } from "../build.ts";
import { buildHelp } from "../help.ts";
import { sayWithTime } from "../progress.ts";
import { readRecipe } from "../recipe.ts";
import { defaultSigningKeyFile } from "../signing-key.ts";
import { badOption, readOptions } from "./options.ts";

/** `image build`; returns what goes to standard output. */
export async function build(words: readonly string[]): Promise<string> {
	const { values: options, positionals } = readOptions("build", words, {
		recipe: { type: "string" },
		out: { type: "string" },
		name: { type: "string" },
		files: { type: "string", multiple: true },
		keep: { type: "string" },
		key: { type: "string" },
		trust: { type: "string", multiple: true },
		fast: { type: "boolean" },
		"renew-packages": { type: "boolean" },
	});
	if (options.help === true) return buildHelp();
	if (positionals.length > 0) {
		throw badOption(`build takes no further words, not ${positionals.join(" ")}`, "see: image build --help");
	}
	const recipe = readRecipe(options.recipe ?? "metal");
	const { folder } = await buildImage(
		{
			recipe: {
				...recipe,
				...(options.name === undefined ? {} : { name: checkName(options.name) }),
				files: [...recipe.files, ...(options.files ?? []).map(existingFolder)],
				...(options.fast === true ? { squashfsLevel: 1, initramfsLevel: 3 } : {}),
			},
			out: resolve(options.out ?? defaultBootTree),
			signingKeyFile: resolve(options.key ?? defaultSigningKeyFile),
			trustedKeyFiles: options.trust ?? [],
			renewPackages: options["renew-packages"] === true,
			...(options.keep === undefined ? {} : { keepVersions: wholeNumber(options.keep) }),
		},
		sayWithTime(),
	);
	return `${folder}\n`;
}

function checkName(name: string): string {
	if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return name;
	throw badOption(
		`--name is ${JSON.stringify(name)}`,
		"use lower-case letters, digits, dot, underscore and hyphen",
	);
}

function existingFolder(path: string): string {
	if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return resolve(path);
	throw badOption(
		`--files is ${JSON.stringify(path)}, which is no folder`,
		"--files FOLDER lays the folder's content over the image's root; say it again for a second folder",
	);
}

function wholeNumber(text: string): number {
	if (/^\d+$/.test(text)) return Number(text);
	throw badOption(
		`--keep is ${JSON.stringify(text)}, not a whole number`,
		"--keep 3 keeps the three newest versions, --keep 0 all",
	);
}
