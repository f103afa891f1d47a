import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { type CachedBuild, cachedBuild, cacheFolder } from "../tools/cache.ts";
import { type AptSettings, aptSettings } from "./apt-settings.ts";
import { sourceDateEpoch } from "./build-time.ts";
import { cleanRoot, matchesIn } from "./clean-root.ts";
import { withDracut } from "./dracut-root.ts";
import { nodePackages } from "./node-packages.ts";
import { megabytes, type Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { isolated, runTool } from "./run-tool.ts";

/** Stage 1 of an image: Debian alone, in a form that stage 2 can lay its own files over. */
export interface BaseRoot extends CachedBuild {
	/** The root, quickly compressed; includes kernel and modules. */
	readonly squashfs: string;
	/** Seconds since 1970: the date of the archive that it was made of. */
	readonly epochSeconds: number;
}

/** What Debian's packages bring that a node has no use for. */
const notOnNodes = [
	...["man", "info", "locale", "lintian"].map((name) => `/usr/share/${name}`),
	// The sources of hwdb.bin, and containerd's runtimes from before 2020.
	"/usr/lib/udev/hwdb.d",
	"/usr/bin/containerd-shim",
	"/usr/bin/containerd-shim-runc-v1",
];

const squashfsOptions = ["-comp", "zstd", "-Xcompression-level", "1", "-no-progress", "-noappend", "-quiet"];

/**
 * Installs Debian with mmdebstrap(1), or takes the earlier result of the same packages and sources.
 *
 * @throws {NetherdError} `image.no-debian-mirror`, `image.mmdebstrap-failed`, `image.no-kernel`, `image.squashfs-failed`,
 *   `image.disk-full`.
 */
export async function buildBaseRoot(recipe: Recipe, say: Say): Promise<BaseRoot> {
	const apt = await aptSettings(recipe);
	const packages = [...new Set([...nodePackages, ...recipe.packages, recipe.kernel])].sort();
	const inputs = {
		files: ["image/base-root.ts", "image/clean-root.ts", "image/excludes.ts", "image/rooted.ts"],
		values: [
			recipe.suite,
			...apt.sources,
			...packages,
			generation(recipe),
			String(sourceDateEpoch() ?? "of the archive"),
		],
	};
	const built = await cachedBuild("image-base", inputs, async (folder) => {
		say(`mmdebstrap: installing Debian ${recipe.suite} with ${packages.length} packages and what they need`);
		const root = join(folder, "root");
		await install(recipe.suite, packages, apt, root, say);
		if (globSync(join(root, "boot/vmlinuz-*")).length === 0) {
			throw new NetherdError("image.no-kernel", `after installing ${recipe.kernel}, /boot holds no kernel`, {
				hint: "name a kernel package that depends on a kernel image, such as linux-image-amd64",
			});
		}
		const epochSeconds = sourceDateEpoch() ?? archiveDate(root);
		await packBase(root, folder, epochSeconds, say);
	});
	const base = readBase(built);
	return recipe.initramfs === "dracut" ? await withDracut(base, recipe, say) : base;
}

/** Cleans a root and leaves it in a folder, for `readBase`. @throws {NetherdError} `image.squashfs-failed`, `image.disk-full`. */
export async function packBase(root: string, folder: string, epochSeconds: number, say: Say): Promise<void> {
	cleanRoot(root, notOnNodes, epochSeconds);
	keepLicencesOnly(root);
	const squashfs = join(folder, "base.squashfs");
	say("mksquashfs: packing the base root");
	await runTool(["mksquashfs", root, squashfs, ...squashfsOptions], {
		code: "image.squashfs-failed",
		hint: "see the last lines; mksquashfs needs squashfs-tools 4.4 or later",
		environment: { SOURCE_DATE_EPOCH: String(epochSeconds) },
	});
	rmSync(root, { recursive: true });
	writeFileSync(join(folder, "epoch"), `${epochSeconds}\n`);
	say(`base root: ${megabytes(statSync(squashfs).size)}`);
}

/** Unpacks what `packBase` left. @throws {NetherdError} `image.unsquashfs-failed`, `image.disk-full`. */
export async function unpackBase(base: Pick<BaseRoot, "squashfs">, root: string): Promise<void> {
	await runTool(["unsquashfs", "-quiet", "-no-progress", "-dest", root, base.squashfs], {
		code: "image.unsquashfs-failed",
		hint: "see the last lines; remove .cache/image-base and build again",
	});
}

export function readBase(built: CachedBuild): BaseRoot {
	return {
		...built,
		squashfs: join(built.folder, "base.squashfs"),
		epochSeconds: Number(readFileSync(join(built.folder, "epoch"), "utf8")),
	};
}

/** Licences stay with what they license. */
function keepLicencesOnly(root: string): void {
	for (const path of matchesIn(root, "/usr/share/doc/*/*")) {
		if (basename(path) !== "copyright") rmSync(path, { recursive: true, force: true });
	}
}

/** Makes the next build install its packages anew, with the archive's newest versions. */
export function renewPackages(recipe: Recipe): void {
	const file = generationFile(recipe);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, `${new Date().toISOString()}\n`);
}

function generation(recipe: Recipe): string {
	const file = generationFile(recipe);
	return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

function generationFile({ name, suite }: Recipe): string {
	return join(cacheFolder, "image-generation", `${name}-${suite}`);
}

async function install(
	suite: string,
	packages: readonly string[],
	apt: AptSettings,
	root: string,
	say: Say,
): Promise<void> {
	const dpkgOptions = ["man", "info", "locale", "lintian", "doc"].map(
		(name) => `path-exclude=/usr/share/${name}/*`,
	);
	// Licences stay with what they license.
	dpkgOptions.push("path-include=/usr/share/doc/*/copyright");
	await runTool(
		[
			...isolated,
			"mmdebstrap",
			"--mode=root",
			"--variant=minbase",
			"--format=directory",
			// Their date is the date of what is installed.
			"--skip=cleanup/apt/lists",
			...dpkgOptions.map((option) => `--dpkgopt=${option}`),
			...apt.options.map((option) => `--aptopt=${option}`),
			`--include=${packages.join(",")}`,
			suite,
			root,
			"-",
		],
		{
			code: "image.mmdebstrap-failed",
			hint:
				"see the last lines: usually a package name that the suite does not have, a mirror that cannot be reached, " +
				"or archive keys that are too old (package debian-archive-keyring)",
			input: `${apt.sources.join("\n")}\n`,
			// The initramfs is made later, once, with the agent in it (kernel-img.conf(5)).
			environment: { INITRD: "No" },
			onLine: (line) => {
				const phase = /^I: ((?:running|downloading|extracting|installing) .+?)\.*$/.exec(line)?.[1];
				if (phase !== undefined) say(`mmdebstrap: ${phase}`);
			},
		},
	);
}

/** The newest `Date:` of the archive's Release files (https://wiki.debian.org/DebianRepository/Format). */
function archiveDate(root: string): number {
	const dates = globSync(join(root, "var/lib/apt/lists/*Release")).map((file) => {
		const date = /^Date: (.+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
		return Math.floor(Date.parse(date) / 1000);
	});
	const newest = Math.max(...dates.filter((seconds) => !Number.isNaN(seconds)));
	return Number.isFinite(newest) ? newest : Math.floor(Date.now() / 1000);
}
