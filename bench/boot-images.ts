import { globSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { aptSettings } from "../image/apt-settings.ts";
import { maskedGenerators, maskedUnits } from "../image/masked-units.ts";
import { nodePackages } from "../image/node-packages.ts";
import type { Say } from "../image/progress.ts";
import { readRecipe } from "../image/recipe.ts";
import { isolated, runTool } from "../image/run-tool.ts";
import { cachedBuild } from "../tools/cache.ts";

/** Who boots the same system in another way, as Debian's packages do it. */
export type Peer = "live-boot" | "LTSP";

/** What a peer's machine loads; paths of this host. */
export interface PeerImage {
	/** A folder with `vmlinuz`, `initrd.img`, `filesystem.squashfs`, and for LTSP `ltsp.img`. */
	readonly folder: string;
}

const packagesOf: { readonly [Name in Peer]: readonly string[] } = {
	"live-boot": ["live-boot", "live-boot-initramfs-tools"],
	LTSP: ["ltsp"],
};

const failure = {
	code: "image.mmdebstrap-failed",
	hint: "see the last lines: usually a mirror that cannot be reached",
};

/**
 * A root with the packages, masked units and compression of the image that netherd boots in its tests, and the peer's
 * packages instead of the agent; the initramfs is as these make it.
 *
 * @throws {NetherdError} `image.mmdebstrap-failed`, and what `aptSettings` throws.
 */
export async function buildPeerImage(peer: Peer, say: Say): Promise<PeerImage> {
	const recipe = readRecipe("test");
	const apt = await aptSettings(recipe);
	const packages = [...nodePackages, ...recipe.packages, recipe.kernel, ...packagesOf[peer]];
	const inputs = {
		files: ["bench/boot-images.ts", "image/masked-units.ts"],
		values: [peer, recipe.suite, ...apt.sources, ...packages, ...recipe.mask],
	};
	const { folder } = await cachedBuild("bench-peer", inputs, async (folder) => {
		say(`${peer}: installing Debian ${recipe.suite} with it`);
		const root = join(folder, "root");
		// LTSP's own part of the initramfs is made by a command of its server.
		const makeInitrd = "chroot \"$1\" sh -c 'mkdir -p /srv/tftp/ltsp && ltsp initrd'";
		await runTool(
			[
				...isolated,
				...["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"],
				...["man", "info", "locale", "doc"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
				...apt.options.map((option) => `--aptopt=${option}`),
				`--include=${packages.join(",")}`,
				...(peer === "LTSP" ? [`--customize-hook=${makeInitrd}`] : []),
				...[recipe.suite, root, "-"],
			],
			{ ...failure, input: `${apt.sources.join("\n")}\n` },
		);
		for (const unit of [...maskedUnits, ...recipe.mask]) mask(join(root, "etc/systemd/system"), unit);
		for (const name of maskedGenerators) mask(join(root, "etc/systemd/system-generators"), name);
		take(join(root, "boot/vmlinuz-*"), join(folder, "vmlinuz"));
		take(join(root, "boot/initrd.img-*"), join(folder, "initrd.img"));
		if (peer === "LTSP") take(join(root, "srv/tftp/ltsp/ltsp.img"), join(folder, "ltsp.img"));
		await runTool(
			[
				"mksquashfs",
				...[root, join(folder, "filesystem.squashfs"), "-comp", "zstd"],
				...["-Xcompression-level", `${recipe.squashfsLevel}`, "-no-progress", "-noappend", "-quiet"],
			],
			failure,
		);
		rmSync(root, { recursive: true });
	});
	return { folder };
}

function mask(folder: string, name: string): void {
	mkdirSync(folder, { recursive: true });
	rmSync(join(folder, name), { force: true });
	symlinkSync("/dev/null", join(folder, name));
}

function take(pattern: string, to: string): void {
	const [file] = globSync(pattern);
	if (file === undefined) throw new Error(`the peer's root has no ${pattern}`);
	renameSync(file, to);
}
