import { statSync } from "node:fs";
import { resolve } from "node:path";
import { buildImage, defaultBootTree } from "../build.ts";
import { buildHelp } from "../help.ts";
import { sayWithTime } from "../progress.ts";
import { readRecipe, recipeNames, rootFormats } from "../recipe.ts";
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
		format: { type: "string" },
		level: { type: "string" },
		exclude: { type: "string", multiple: true },
		kernel: { type: "string" },
		tag: { type: "string" },
		loaders: { type: "string" },
		"renew-packages": { type: "boolean" },
	});
	if (options.help === true) return buildHelp();
	const [word, ...more] = positionals;
	if (more.length > 0) {
		throw badOption(`build takes one source, not also ${more.join(" ")}`, "see: image build --help");
	}
	const isRecipe = word !== undefined && (recipeNames().includes(word) || word.endsWith(".conf"));
	if (isRecipe && options.recipe !== undefined) {
		throw badOption(`${word} and --recipe ${options.recipe} are two recipes`, "name one of them");
	}
	const recipe = readRecipe(options.recipe ?? (isRecipe ? word : "metal"));
	if (word === undefined || isRecipe) {
		for (const option of ["exclude", "kernel", "tag"] as const) {
			if (options[option] === undefined) continue;
			throw badOption(
				`--${option} is for a source that is no recipe`,
				"a recipe says so itself: image build --help",
			);
		}
	}
	const { folder } = await buildImage(
		{
			recipe: {
				...recipe,
				...(options.name === undefined ? {} : { name: checkName(options.name) }),
				files: [...recipe.files, ...(options.files ?? []).map((path) => existingFolder(path, "--files"))],
				...(options.fast === true ? { squashfsLevel: 1, initramfsLevel: 3 } : {}),
				...(options.format === undefined ? {} : { format: rootFormat(options.format) }),
				...(options.level === undefined ? {} : { squashfsLevel: zstdLevel(options.level) }),
			},
			...(word === undefined || isRecipe
				? {}
				: {
						source: {
							path: word,
							exclude: options.exclude ?? [],
							...(options.tag === undefined ? {} : { tag: options.tag }),
							...(options.kernel === undefined ? {} : { kernelRelease: options.kernel }),
						},
					}),
			...(options.loaders === undefined ? {} : { loaders: loaders(options.loaders) }),
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

function existingFolder(path: string, option: string): string {
	if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return resolve(path);
	throw badOption(`${option} is ${JSON.stringify(path)}, which is no folder`, "see: image build --help");
}

function rootFormat(text: string): (typeof rootFormats)[number] {
	const format = rootFormats.find((each) => each === text);
	if (format !== undefined) return format;
	throw badOption(
		`--format is ${JSON.stringify(text)}`,
		"write --format squashfs (nodes fetch the root) or --format initramfs (the whole root is in it)",
	);
}

function zstdLevel(text: string): number {
	const level = Number(text);
	if (/^\d+$/.test(text) && level >= 1 && level <= 22) return level;
	throw badOption(
		`--level is ${JSON.stringify(text)}`,
		"zstd has the levels 1 (quick, large) to 22 (slow, small)",
	);
}

function loaders(text: string): "debian" | "none" | { readonly root: string } {
	if (text === "debian" || text === "none") return text;
	if (text.includes("/")) return { root: existingFolder(text, "--loaders") };
	throw badOption(
		`--loaders is ${JSON.stringify(text)}`,
		"write --loaders debian, --loaders none, or the root in which their packages are installed: --loaders /",
	);
}

function wholeNumber(text: string): number {
	if (/^\d+$/.test(text)) return Number(text);
	throw badOption(
		`--keep is ${JSON.stringify(text)}, not a whole number`,
		"--keep 3 keeps the three newest versions, --keep 0 all",
	);
}
