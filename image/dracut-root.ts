import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedBuild } from "../tools/cache.ts";
import { aptSettings } from "./apt-settings.ts";
import { type BaseRoot, packBase, readBase, unpackBase } from "./base-root.ts";
import type { Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { runInRoot } from "./run-in-root.ts";

/** Says how this machine reaches the archive, while packages are installed. */
const aptOptions = "etc/apt/apt.conf.d/99netherd-build";

/**
 * Puts dracut in the place of initramfs-tools in a base root: another layer, and the base is shared with images that have
 * initramfs-tools.
 *
 * @throws {NetherdError} `image.dracut-failed`, and those of `buildBaseRoot`.
 */
export async function withDracut(base: BaseRoot, recipe: Recipe, say: Say): Promise<BaseRoot> {
	const apt = await aptSettings(recipe);
	const inputs = {
		files: ["image/dracut-root.ts", "image/base-root.ts", "image/clean-root.ts", "image/excludes.ts"],
		values: [base.key, ...apt.sources],
	};
	const built = await cachedBuild("image-base-dracut", inputs, async (folder) => {
		const root = join(folder, "root");
		await unpackBase(base, root);
		say("apt-get: dracut in the place of initramfs-tools");
		writeFileSync(join(root, aptOptions), `${apt.options.join("\n")}\n`);
		writeFileSync(join(root, "etc/apt/sources.list"), `${apt.sources.join("\n")}\n`);
		// For apt alone: the image has one of its own.
		rmSync(join(root, "etc/resolv.conf"), { force: true });
		if (existsSync("/etc/resolv.conf")) copyFileSync("/etc/resolv.conf", join(root, "etc/resolv.conf"));
		await runInRoot(root, ["sh", "-ec", installing], {
			code: "image.dracut-failed",
			hint: "see the last lines; the archive has to be reachable from inside of the root, so a mirror on file:// does not do here",
			program: "apt-get",
		});
		rmSync(join(root, aptOptions));
		await packBase(root, folder, Number(readFileSync(join(base.folder, "epoch"), "utf8")), say);
	});
	return readBase(built);
}

/** Without a kernel's hook there is no initramfs until the agent is there (kernel-img.conf(5), dracut's postinst). */
const installing = `
	export DEBIAN_FRONTEND=noninteractive INITRD=No
	apt-get -qq update
	apt-get -qq --yes --no-install-recommends install dracut initramfs-tools-core-
	rm -rf /etc/resolv.conf /boot/initrd.img*
`;
