import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { type CachedBuild, cachedBuild } from "../tools/cache.ts";
import { aptSettings } from "./apt-settings.ts";
import type { Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { isolated, runTool } from "./run-tool.ts";

/**
 * What firmware loads over TFTP: iPXE for BIOS and UEFI (both use the firmware's network drivers), GRUB for the same, the
 * UEFI one signed by Debian and started by the shim, so that it works with Secure Boot on and off.
 */
export const bootLoaderFiles = [
	"undionly.kpxe",
	"snponly.efi",
	"core.0",
	"shimx64.efi",
	"grubx64.efi",
] as const;

/** Where the loaders are that a package brings ready-made; the first of these places that has one. */
const packagedLoaders: readonly (readonly [
	file: (typeof bootLoaderFiles)[number],
	...inTree: [string, ...string[]],
])[] = [
	["undionly.kpxe", "usr/lib/ipxe/undionly.kpxe"],
	["snponly.efi", "usr/lib/ipxe/snponly.efi"],
	// Ubuntu's package makes the first a link to the second, but only when it is configured.
	["shimx64.efi", "usr/lib/shim/shimx64.efi.signed", "usr/lib/shim/shimx64.efi.signed.latest"],
	// The shim asks for it by this name. Of the signed GRUBs it is the one that reads /grub/grub.cfg over TFTP.
	["grubx64.efi", "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"],
];

const packages = ["ipxe", "shim-signed", "grub-efi-amd64-signed", "grub-pc-bin", "grub-common"];

/** For `core.0`: network, the two protocols, and what the companion's grub.cfg uses. */
const grubModules = [
	...["pxe", "net", "tftp", "http"],
	...["normal", "linux", "configfile", "echo", "test", "true", "sleep", "reboot", "serial", "terminal"],
];

/** Leads the BIOS GRUB where the signed one goes by itself: `/grub/grub.cfg` of the server that gave it. */
const grubFirstWords = "configfile (tftp,$net_default_server)/grub/grub.cfg\n";

const failure = {
	code: "image.boot-loaders-failed",
	hint: "see the last lines: usually a mirror that cannot be reached, or archive keys that are too old",
};

/**
 * Takes the boot loaders out of the packages of the recipe's suite.
 *
 * @returns A folder with `bootLoaderFiles`.
 * @throws {NetherdError} `image.no-debian-mirror`, `image.boot-loaders-failed`, `image.disk-full`.
 */
export async function buildBootLoaders(recipe: Recipe, say: Say): Promise<CachedBuild> {
	const apt = await aptSettings({ ...recipe, components: ["main"] });
	const inputs = { files: ["image/boot-loaders.ts"], values: [recipe.suite, ...apt.sources] };
	return await cachedBuild("image-loader", inputs, async (folder) => {
		say(`boot loaders: unpacking iPXE, GRUB and shim of Debian ${recipe.suite}`);
		const tree = join(folder, "tree");
		await runTool(
			[
				...isolated,
				"mmdebstrap",
				"--mode=root",
				"--variant=extract",
				"--format=directory",
				`--include=${packages.join(",")}`,
				...apt.options.map((option) => `--aptopt=${option}`),
				recipe.suite,
				tree,
				"-",
			],
			{ ...failure, input: `${apt.sources.join("\n")}\n` },
		);
		await collectLoaders(tree, folder);
		rmSync(tree, { recursive: true });
	});
}

/**
 * Takes them out of a root in which the packages are installed, such as a container's own.
 *
 * @param folder Gets `bootLoaderFiles`.
 * @throws {NetherdError} `image.boot-loaders-failed`.
 */
export async function collectLoaders(root: string, folder: string): Promise<void> {
	for (const [file, ...places] of packagedLoaders) {
		const unpacked = places.map((inRoot) => join(root, inRoot)).find((path) => existsSync(path));
		if (unpacked === undefined) {
			throw new NetherdError(failure.code, `${join(root, places[0])} is missing`, {
				hint: `install the packages ${packages.join(", ")} there, of a release that has it: trixie does`,
			});
		}
		copyFileSync(unpacked, join(folder, file));
	}
	await makeGrubCore(root, folder);
}

/** The root's own grub-mkimage: it must be of one version with the modules that it puts together. */
async function makeGrubCore(root: string, folder: string): Promise<void> {
	const firstWords = join(folder, "first-words.cfg");
	writeFileSync(firstWords, grubFirstWords);
	await runTool(
		[
			join(root, "usr/lib64/ld-linux-x86-64.so.2"),
			...["--library-path", join(root, "usr/lib/x86_64-linux-gnu"), join(root, "usr/bin/grub-mkimage")],
			...["--directory", join(root, "usr/lib/grub/i386-pc"), "--format", "i386-pc-pxe"],
			...["--prefix", "(pxe)/grub", "--config", firstWords, "--output", join(folder, "core.0")],
			...grubModules,
		],
		failure,
	);
	rmSync(firstWords);
}
