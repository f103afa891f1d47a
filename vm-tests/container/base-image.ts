import { join } from "node:path";
import { aptSettings } from "../../image/apt-settings.ts";
import { isolated, runTool } from "../../image/run-tool.ts";
import { type CachedBuild, cachedBuild } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

const suite = "trixie";

/**
 * What a registry's `debian:trixie` is, made here: the smallest Debian as `base.tar`, which finds packages where this
 * machine's apt does.
 *
 * @throws {NetherdError} `image.no-debian-mirror`, `image.mmdebstrap-failed`, `image.disk-full`.
 */
export async function buildBaseImage(say: (line: string) => void): Promise<CachedBuild & { tar: string }> {
	await ensureDebianPackages(["mmdebstrap", "debian-archive-keyring"], "make a container's base image");
	const { sources, options } = await aptSettings({ suite, components: ["main"], mirror: undefined });
	// The repository of the tests is on this machine; a proxy would look for it on its own.
	const settings = [...options, 'Acquire::http::Proxy::127.0.0.1 "DIRECT";'];
	const inputs = { files: ["vm-tests/container/base-image.ts"], values: [...sources, ...settings] };
	const built = await cachedBuild("container-base", inputs, async (folder) => {
		say(`container: a base image of Debian ${suite}`);
		await runTool(
			[
				...isolated,
				...["mmdebstrap", "--mode=root", "--variant=minbase", "--include=ca-certificates"],
				...settings.map((option) => `--aptopt=${option}`),
				...[suite, join(folder, "base.tar"), "-"],
			],
			{
				code: "image.mmdebstrap-failed",
				hint: "see the last lines: usually a mirror that cannot be reached",
				input: `${sources.join("\n")}\n`,
			},
		);
	});
	return { ...built, tar: join(built.folder, "base.tar") };
}
