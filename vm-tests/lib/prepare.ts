import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import { buildImage } from "../../image/build.ts";
import { buildExecutable } from "../../image/executable.ts";
import { readRecipe } from "../../image/recipe.ts";
import { programPackages } from "../../server/programs.ts";
import { cacheFolder, testSigningKeyFile } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { findAccelerator } from "./accelerator.ts";
import type { BootSetup } from "./booted-node.ts";
import { findQemu } from "./qemu-program.ts";

/** Logs of scenarios, and what they share. */
export const vmFolder = join(cacheFolder, "vm");

/**
 * Gets ready what every boot needs: packages, QEMU, the test image. What is unchanged comes from the cache.
 *
 * @throws {NetherdError} `vm.needs-root`, and what the image build, `findQemu` and `ensureDebianPackages` throw.
 */
export async function prepareBoots(say: (line: string) => void): Promise<BootSetup> {
	if (process.getuid?.() !== 0) {
		throw new NetherdError(
			"vm.needs-root",
			"virtual machines need a network namespace with taps, and that needs root",
			{
				hint: "run the same command with sudo",
			},
		);
	}
	await ensureDebianPackages([...new Set(Object.values(programPackages))], "serve the virtual machines");
	const qemu = await findQemu();
	const accelerator = await findAccelerator(qemu);
	say(`QEMU ${qemu.version}, ${accelerator.accel}: ${accelerator.reason}`);
	const bootTree = join(vmFolder, "boot-tree");
	await buildImage(
		{ recipe: readRecipe("test"), out: bootTree, keepVersions: 1, signingKeyFile: testSigningKeyFile },
		say,
	);
	// The very executable that the image holds: from the cache, it was built just now.
	const { path: agent } = await buildExecutable("agent");
	return { hypervisor: { qemu, accelerator }, bootTree, agent };
}

/** Ctrl-C and kill end the process the orderly way, so that the farms are removed. */
export function exitOnSignals(): void {
	process.once("SIGINT", () => process.exit(130));
	process.once("SIGTERM", () => process.exit(143));
	process.once("SIGHUP", () => process.exit(129));
}
