import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import type { PublicKey } from "../agent/trust/keys.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { buildTime, sourceDateEpoch } from "./build-time.ts";
import { checkRoot } from "./check-root.ts";
import { cleanRoot } from "./clean-root.ts";
import { buildExecutable } from "./executable.ts";
import { type NodeImage, readNodeImage } from "./node-image.ts";
import { packRoot } from "./pack-root.ts";
import type { Say } from "./progress.ts";
import type { ImageSettings } from "./recipe.ts";
import { openSource, type SourceOptions } from "./source/open-source.ts";
import { openWorkFolder } from "./work-folder.ts";

export type { SourceOptions } from "./source/open-source.ts";

interface Target {
	readonly recipe: ImageSettings;
	/** The boot tree; the work is done in it, so that publishing is renaming. */
	readonly out: string;
	readonly trustedKeys: readonly PublicKey[];
}

/**
 * Builds an image from the root of a source: a folder or an archive. Nothing of it is cached, and the source is only read.
 *
 * @param use Gets the image's files, which are gone when it has returned.
 * @throws {NetherdError} The codes of `openSource` and `packRoot`.
 */
export async function buildFromSource<Result>(
	source: SourceOptions,
	{ recipe, out, trustedKeys }: Target,
	say: Say,
	use: (node: NodeImage) => Promise<Result>,
): Promise<Result> {
	await ensureDebianPackages(["squashfs-tools", "util-linux", "tar"], "build node images");
	say(`image ${recipe.name} from ${source.path}`);
	const builtAt = buildTime();
	try {
		using work = openWorkFolder(out);
		return await buildIn(work.path, source, { recipe, out, trustedKeys }, builtAt, say, use);
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
		throw new NetherdError("image.disk-full", `no space left for the build in ${out}`, {
			hint: "nothing was published; free some space, or give another folder with --out",
			cause: error,
		});
	}
}

async function buildIn<Result>(
	folder: string,
	source: SourceOptions,
	{ recipe, out, trustedKeys }: Target,
	builtAt: string,
	say: Say,
	use: (node: NodeImage) => Promise<Result>,
): Promise<Result> {
	const root = join(folder, "root");
	await openSource(source, root, [out], say);
	checkRoot(root, source.kernelRelease);
	const epochSeconds = sourceDateEpoch() ?? newestDate(root);
	cleanRoot(root, source.exclude, epochSeconds);
	const agent = await buildExecutable("agent");
	const options = {
		settings: recipe,
		agent,
		trustedKeys,
		epochSeconds,
		...(source.kernelRelease === undefined ? {} : { kernelRelease: source.kernelRelease }),
	};
	await packRoot(root, folder, options, say);
	writeFileSync(join(folder, "built-at"), `${builtAt}\n`);
	return await use(readNodeImage(folder));
}

/** When the youngest file of a root was written, in seconds since 1970: a date that is the same for the same source. */
function newestDate(root: string): number {
	const dates = execFileSync("find", [root, "-xdev", "-type", "f", "-printf", "%Ts\n"], {
		encoding: "utf8",
		maxBuffer: 1024 ** 3,
	});
	const nowSeconds = Math.floor(Date.now() / 1000);
	return dates
		.split("\n")
		.map(Number)
		.reduce((newest, seconds) => (seconds > newest && seconds <= nowSeconds ? seconds : newest), 0);
}
