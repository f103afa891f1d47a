import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ini from "ini";
import { NetherdError } from "../agent/errors.ts";

/** What an image is built from: an ini file without sections, read by `readRecipe`. */
export interface Recipe {
	/** The image's name in the boot tree: `images/NAME`. */
	readonly name: string;
	/** Debian code name, such as `trixie`. */
	readonly suite: string;
	/** Archive areas, such as `main`. */
	readonly components: readonly string[];
	/** Base URL of a Debian mirror; without it, the mirrors that this machine's apt uses. */
	readonly mirror: string | undefined;
	/** Debian package of the kernel. */
	readonly kernel: string;
	/** Debian packages besides those that every node has. */
	readonly packages: readonly string[];
	/** Folders that are laid over the root, one over the other, absolute. */
	readonly files: readonly string[];
	/** Units that this image never starts, besides those that no diskless node needs. */
	readonly mask: readonly string[];
	/** What makes the initramfs. */
	readonly initramfs: (typeof initramfsMakers)[number];
	/** `squashfs`: a file that nodes fetch. `initramfs`: the whole root is in there. */
	readonly format: (typeof rootFormats)[number];
	/** zstd level of the root image, 1–22. */
	readonly squashfsLevel: number;
	/** zstd level of the initramfs, 1–19. */
	readonly initramfsLevel: number;
	/** Installs the stand-in kubeadm: tests only. */
	readonly standInKubeadm: boolean;
	/** Installs the root shell on a virtio port: tests only. */
	readonly testChannel: boolean;
}

/** What of a recipe is about the image, wherever its root comes from. */
export type ImageSettings = Omit<
	Recipe,
	"suite" | "components" | "mirror" | "kernel" | "packages" | "initramfs"
>;

const initramfsMakers = ["initramfs-tools", "dracut"] as const;
export const rootFormats = ["squashfs", "initramfs"] as const;

const recipesFolder = join(import.meta.dirname, "recipes");

const defaults: Readonly<Record<string, string>> = {
	name: "node",
	suite: "trixie",
	components: "main",
	mirror: "",
	kernel: "linux-image-amd64",
	packages: "",
	files: "",
	mask: "",
	initramfs: "initramfs-tools",
	format: "squashfs",
	"squashfs-level": "15",
	"initramfs-level": "9",
	"stand-in-kubeadm": "no",
	"test-channel": "no",
};

/** Names of the recipes that come with netherd. */
export function recipeNames(): string[] {
	return readdirSync(recipesFolder)
		.filter((file) => file.endsWith(".conf"))
		.map((file) => file.replace(/\.conf$/, ""))
		.sort();
}

/**
 * Reads and checks a recipe.
 *
 * @param nameOrFile One of `recipeNames()`, or the path of a file (with a `/` or ending in `.conf`).
 * @throws {NetherdError} `image.recipe-not-found`, `image.recipe-unknown-key`, `image.recipe-bad-value`.
 */
export function readRecipe(nameOrFile: string): Recipe {
	const isFile = nameOrFile.includes("/") || nameOrFile.endsWith(".conf");
	const path = isFile ? resolve(nameOrFile) : join(recipesFolder, `${nameOrFile}.conf`);
	if (!existsSync(path)) {
		throw new NetherdError("image.recipe-not-found", `there is no recipe ${nameOrFile} (${path})`, {
			hint: `use one of ${recipeNames().join(", ")}, or give the path of a file that ends in .conf`,
		});
	}
	return parseRecipe(readFileSync(path, "utf8"), path);
}

/**
 * @param path Where the text comes from: for messages, and the start of relative paths in it.
 * @throws {NetherdError} `image.recipe-unknown-key`, `image.recipe-bad-value`.
 */
export function parseRecipe(text: string, path: string): Recipe {
	const given = ini.parse(text);
	for (const key of Object.keys(given)) {
		if (key in defaults) continue;
		throw new NetherdError("image.recipe-unknown-key", `${path}: unknown key or section "${key}"`, {
			hint: `known keys: ${Object.keys(defaults).join(", ")}`,
		});
	}
	const value = (key: string): string => String(given[key] ?? defaults[key]).trim();
	const bad = (key: string, wanted: string): NetherdError =>
		new NetherdError(
			"image.recipe-bad-value",
			`${path}: ${key} = ${JSON.stringify(value(key))} is not ${wanted}`,
			{
				hint: `write ${wanted} for ${key}`,
			},
		);

	const matching = (key: string, pattern: RegExp, wanted: string): string => {
		if (!pattern.test(value(key))) throw bad(key, wanted);
		return value(key);
	};
	const words = (key: string, wanted: string): string[] => {
		const list = value(key)
			.split(/[\s,]+/)
			.filter((word) => word !== "");
		if (list.some((word) => !/^[a-z0-9][a-z0-9+.:@_-]*$/.test(word))) throw bad(key, wanted);
		return list;
	};
	const level = (key: string, maximum: number): number => {
		const number = Number(value(key));
		if (!Number.isInteger(number) || number < 1 || number > maximum)
			throw bad(key, `a whole number from 1 to ${maximum}`);
		return number;
	};
	const yes = (key: string): boolean => {
		const answer = value(key).toLowerCase();
		if (["yes", "true", "on"].includes(answer)) return true;
		if (["no", "false", "off"].includes(answer)) return false;
		throw bad(key, "yes or no");
	};
	const oneOf = <const T extends string>(key: string, choices: readonly T[]): T => {
		const choice = choices.find((each) => each === value(key));
		if (choice === undefined) throw bad(key, choices.join(" or "));
		return choice;
	};
	const folders = (key: string): string[] => {
		if (value(key) === "") return [];
		const absolute = resolve(dirname(path), value(key));
		if (!existsSync(absolute)) throw bad(key, `a folder that exists (${absolute} does not)`);
		return [absolute];
	};

	return {
		name: matching(
			"name",
			/^[a-z0-9][a-z0-9._-]*$/,
			"a name of lower-case letters, digits, dot, underscore and hyphen",
		),
		suite: matching("suite", /^[a-z]+$/, "a Debian code name such as trixie"),
		components: words("components", "a list of archive areas such as main non-free-firmware"),
		mirror:
			value("mirror") === ""
				? undefined
				: matching("mirror", /^(https?|file):\/\/\S+$/, "the URL of a Debian mirror"),
		kernel: matching(
			"kernel",
			/^linux-image-[a-z0-9+.-]+$/,
			"a Debian kernel package such as linux-image-amd64",
		),
		packages: words("packages", "a list of Debian packages"),
		files: folders("files"),
		mask: words("mask", "a list of systemd units with their endings"),
		initramfs: oneOf("initramfs", initramfsMakers),
		format: oneOf("format", rootFormats),
		squashfsLevel: level("squashfs-level", 22),
		initramfsLevel: level("initramfs-level", 19),
		standInKubeadm: yes("stand-in-kubeadm"),
		testChannel: yes("test-channel"),
	};
}
