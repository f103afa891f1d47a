import { createHash } from "node:crypto";
import { globSync, lstatSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import type { PublicKey } from "../agent/trust/keys.ts";
import { type CachedBuild, cachedBuild } from "../tools/cache.ts";
import type { BaseRoot } from "./base-root.ts";
import type { Executable } from "./executable.ts";
import { layerSources, writeLayer } from "./layer.ts";
import { megabytes, type Say } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { isolated, runTool } from "./run-tool.ts";

/** Stage 2 of an image: its three files, in the cache. */
export interface NodeImage extends CachedBuild {
	readonly kernel: string;
	readonly kernelRelease: string;
	readonly initramfs: string;
	readonly image: string;
	/** The same for the same inputs and the same state of Debian's archive. */
	readonly buildId: string;
	/** When it was built, ISO 8601 in seconds. */
	readonly builtAt: string;
}

/** What assemble.sh's exit codes mean. */
const failures: Readonly<Record<string, { code: string; hint: string }>> = {
	3: {
		code: "image.no-kernel",
		hint: "name a kernel package that depends on a kernel image, such as linux-image-amd64",
	},
	4: {
		code: "image.initramfs-failed",
		hint: "see the last lines; the hook is initramfs-hooks/initramfs-tools/hooks/netherd",
	},
	5: {
		code: "image.hook-missing",
		hint: "the hook did not put the agent into the initramfs: is another hook or MODULES setting in the recipe's files?",
	},
	6: {
		code: "image.squashfs-failed",
		hint: "see the last lines; mksquashfs needs squashfs-tools 4.4 or later",
	},
};
const anyFailure = {
	code: "image.assemble-failed",
	hint: "see the last lines; the build needs root, overlayfs, squashfs and loop devices (in a container: --privileged)",
};

/**
 * Lays netherd's files over the base root and packs kernel, initramfs and root image, or takes the earlier result of the
 * same inputs.
 *
 * @throws {NetherdError} the codes above; `image.disk-full`.
 */
export async function buildNodeImage(
	recipe: Recipe,
	base: BaseRoot,
	agent: Executable,
	trustedKeys: readonly PublicKey[],
	say: Say,
): Promise<NodeImage> {
	const { squashfsLevel, initramfsLevel, mask, standInKubeadm, testChannel, files } = recipe;
	const inputs = {
		files: [
			...layerSources,
			"image/layer.ts",
			"image/masked-units.ts",
			"image/node-image.ts",
			"image/assemble.sh",
		],
		values: [
			base.key,
			agent.key,
			JSON.stringify({ squashfsLevel, initramfsLevel, mask, standInKubeadm, testChannel }),
			...files.map(hashFolder),
			...trustedKeys.map(({ pem }) => pem).sort(),
		],
	};
	const built = await cachedBuild("image-node", inputs, async (folder, key) => {
		const layer = join(folder, "layer");
		const buildId = buildIdOf(key, base);
		writeLayer(recipe, agent, { buildId, trustedKeys }, layer);
		writeFileSync(join(folder, "build-id"), `${buildId}\n`);
		await assemble(base, layer, folder, squashfsLevel, say);
		rmSync(layer, { recursive: true });
		rmSync(join(folder, "work"), { recursive: true });
		writeFileSync(join(folder, "built-at"), `${new Date().toISOString().replace(/\.\d+Z$/, "Z")}\n`);
		for (const file of ["vmlinuz", "initramfs.img", "image.squashfs"]) {
			say(`${file}: ${megabytes(statSync(join(folder, file)).size)}`);
		}
	});
	const read = (file: string): string => readFileSync(join(built.folder, file), "utf8").trim();
	return {
		...built,
		kernel: join(built.folder, "vmlinuz"),
		kernelRelease: read("kernel-release"),
		initramfs: join(built.folder, "initramfs.img"),
		image: join(built.folder, "image.squashfs"),
		buildId: read("build-id"),
		builtAt: read("built-at"),
	};
}

/** The inputs do not say which versions of the packages the archive had. */
function buildIdOf(key: string, { epochSeconds }: BaseRoot): string {
	return createHash("sha256").update(`${key} ${epochSeconds}`).digest("hex").slice(0, 32);
}

async function assemble(
	base: BaseRoot,
	layer: string,
	output: string,
	level: number,
	say: Say,
): Promise<void> {
	let exitCode = "";
	try {
		await runTool([...isolated, "sh", join(import.meta.dirname, "assemble.sh")], {
			...anyFailure,
			environment: {
				BASE: base.squashfs,
				LAYER: layer,
				OUTPUT: output,
				SQUASHFS_LEVEL: String(level),
				SOURCE_DATE_EPOCH: String(base.epochSeconds),
			},
			onLine: (line) => {
				if (line.startsWith("phase: ")) say(line.slice("phase: ".length));
				if (/^[EW]: /.test(line)) say(line);
			},
		});
	} catch (error) {
		exitCode = /exit code (\d+)/.exec(String(error))?.[1] ?? "";
		const failure = failures[exitCode];
		if (failure === undefined || !(error instanceof NetherdError) || error.code !== anyFailure.code)
			throw error;
		throw new NetherdError(failure.code, error.message, { hint: failure.hint });
	}
}

function hashFolder(folder: string): string {
	const hash = createHash("sha256");
	for (const path of globSync("**/*", { cwd: folder }).sort()) {
		const stat = lstatSync(join(folder, path));
		hash.update(`${path}\0${stat.mode}\0`);
		if (stat.isSymbolicLink()) hash.update(readlinkSync(join(folder, path)));
		if (stat.isFile()) hash.update(readFileSync(join(folder, path)));
	}
	return hash.digest("hex");
}
