import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../agent/trust/keys.ts";
import { checkAgentStarts, checkSizes } from "./check-image.ts";
import { checkInitramfsModules } from "./check-modules.ts";
import { checkRoot } from "./check-root.ts";
import { matchesIn } from "./clean-root.ts";
import { mountPoints } from "./excludes.ts";
import type { Executable } from "./executable.ts";
import { makeInitramfs, takeKernel } from "./make-initramfs.ts";
import { prepareRoot } from "./prepare-root.ts";
import { megabytes, type Say } from "./progress.ts";
import { progressBar } from "./progress-bar.ts";
import type { ImageSettings } from "./recipe.ts";
import { squash } from "./squash.ts";
import { putRootIntoInitramfs } from "./whole-root.ts";

/** What an image is made of besides its root. */
export interface PackOptions {
	readonly settings: ImageSettings;
	readonly agent: Executable;
	readonly trustedKeys: readonly PublicKey[];
	/** No date in the image is later. */
	readonly epochSeconds: number;
	/** The kernel's release when the root has several; the newest when undefined. */
	readonly kernelRelease?: string;
}

/** The names of what `packRoot` leaves. */
export const packedFiles = {
	kernel: "vmlinuz",
	initramfs: "initramfs.img",
	image: "image.squashfs",
	kernelRelease: "kernel-release",
	buildId: "build-id",
	initramfsFiles: "initramfs-files",
} as const;

/**
 * THE PAGE of an image build: from the root of a system to an image's files, in `output` under the names of `packedFiles`.
 * Wherever the root came from: it is clean (clean-root.ts), and changed here. Mounts nothing outside of namespaces of its own.
 *
 * @throws {NetherdError} The codes of each stage; `image.disk-full`.
 */
export async function packRoot(root: string, output: string, options: PackOptions, say: Say): Promise<void> {
	const { settings, epochSeconds } = options;
	const kernel = checkRoot(root, options.kernelRelease);

	say("laying netherd's files over the root");
	const buildId = await prepareRoot(root, settings, options.agent, options.trustedKeys, {
		layer: join(output, "layer"),
		epochSeconds,
	});
	writeFileSync(join(output, packedFiles.buildId), `${buildId}\n`);
	await checkAgentStarts(root);

	const level = settings.initramfsLevel;
	const inInitramfs = await makeInitramfs(root, output, kernel, { epochSeconds, level }, say);
	checkInitramfsModules(root, kernel.release, inInitramfs);
	takeKernel(kernel, output);
	takeOutWhatTheServerHas(root, epochSeconds);

	const files: string[] = [packedFiles.kernel, packedFiles.initramfs];
	if (settings.format === "initramfs") {
		const { name } = settings;
		const options = { name, kernelRelease: kernel.release, level, epochSeconds };
		await putRootIntoInitramfs(root, join(output, packedFiles.initramfs), options, say);
	} else {
		say(`mksquashfs, zstd level ${settings.squashfsLevel}`);
		await squash(
			root,
			join(output, packedFiles.image),
			{ level: settings.squashfsLevel, epochSeconds },
			progressBar("mksquashfs"),
		);
		files.push(packedFiles.image);
	}
	checkSizes(output, files);
	for (const file of files) say(`${file}: ${megabytes(statSync(join(output, file)).size)}`);
}

/** The node gets kernel and initramfs from the server; kubeadm reads /boot/config-*. And what making the initramfs left. */
function takeOutWhatTheServerHas(root: string, epochSeconds: number): void {
	const patterns = [
		...["/boot/vmlinuz*", "/boot/initrd.img*", "/boot/System.map*", "/vmlinuz*", "/initrd.img*"],
		...["/usr/lib/modules/*/vmlinuz", "/var/tmp/*", "/var/log/*"],
	];
	for (const path of patterns.flatMap((pattern) => matchesIn(root, pattern))) {
		rmSync(path, { recursive: true, force: true });
	}
	for (const folder of mountPoints) {
		for (const name of readdirSync(join(root, folder))) {
			rmSync(join(root, folder, name), { recursive: true, force: true });
		}
		// Whether something was in it meanwhile depends on what the build may mount.
		utimesSync(join(root, folder), epochSeconds, epochSeconds);
	}
}
