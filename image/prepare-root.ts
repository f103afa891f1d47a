import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildIdFile } from "../agent/paths.ts";
import type { PublicKey } from "../agent/trust/keys.ts";
import { digestRoot } from "./digest-root.ts";
import type { Executable } from "./executable.ts";
import { layOver } from "./lay-over.ts";
import { type LayerSettings, writeLayer } from "./layer.ts";
import { ownConfiguration } from "./own-configuration.ts";
import { rootedPath, rootedStatus } from "./rooted.ts";

/**
 * Lays netherd's files over a root and gives it its build id, which says what is in it: the same for the same root, files
 * and agent.
 *
 * @param layer A folder for these files meanwhile; must not exist.
 * @returns The build id.
 * @throws {NetherdError} `image.root-in-the-way`, `image.root-unreadable`.
 */
export async function prepareRoot(
	root: string,
	settings: LayerSettings,
	agent: Executable,
	trustedKeys: readonly PublicKey[],
	{ layer, epochSeconds }: { readonly layer: string; readonly epochSeconds: number },
): Promise<string> {
	// Where containerd looks for network programs, and where those of a cluster's network put theirs.
	if (rootedStatus(root, "usr/lib/cni")?.isDirectory() && !rootedStatus(root, "opt/cni/bin")) {
		const folder = rootedPath(root, "opt/cni", true);
		if (folder !== undefined) {
			mkdirSync(folder, { recursive: true });
			rmSync(join(folder, "bin"), { force: true });
			symlinkSync("/usr/lib/cni", join(folder, "bin"));
		}
	}
	writeLayer(settings, agent, trustedKeys, layer, ownConfiguration(root));
	mkdirSync(join(layer, dirname(buildIdFile)), { recursive: true });
	// systemd rebuilds caches when /usr is newer than these (systemd.unit(5), ConditionNeedsUpdate=).
	for (const stamp of ["etc/.updated", "var/.updated"]) write(layer, stamp, "");
	layOver(root, layer);
	rmSync(layer, { recursive: true });

	const buildId = (await digestRoot(root, epochSeconds)).slice(0, 32);
	write(layer, buildIdFile, `${buildId}\n`);
	layOver(root, layer);
	rmSync(layer, { recursive: true });
	return buildId;
}

function write(folder: string, path: string, content: string): void {
	const file = join(folder, path);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, content);
	chmodSync(file, 0o644);
}
