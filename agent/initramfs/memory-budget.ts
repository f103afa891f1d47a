import { formatBytes } from "../download/progress.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, InitramfsFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";

/**
 * What a booted node uses besides image and overlay, of what the kernel calls MemTotal: 183 MiB for kernel, systemd and
 * containerd, measured without workload, and 90 MiB for a kubelet.
 */
export const systemFloorBytes = 288 * 1024 ** 2;
/** OVERLAY_TMPFS_SIZE is a limit, not a need: a node without workload has changed 1 MiB of its root after the boot. */
export const overlayFloorBytes = 32 * 1024 ** 2;
/** What the agent takes while it downloads, beyond what it has already: buffers, and threads that hash. */
const downloadFloorBytes = 96 * 1024 ** 2;
/** A tmpfs counts whole pages, and keeps a few for itself. */
const tmpfsMarginBytes = 1024 ** 2;

/** Size of the image's tmpfs: as configured, else as large as the image. */
export function imageTmpfsBytes({ configuration, facts }: Inputs<InitramfsFacts>, image: ImageFacts): number {
	const configured = configuration.size("IMAGE_TMPFS_SIZE");
	if (configured === undefined) return image.sizeBytes + tmpfsMarginBytes;
	return sizeInBytes(configured, facts.memory.totalBytes);
}

/** `image 156 MiB + overlay 32 MiB + system 288 MiB = 476 MiB of 1.9 GiB`. */
export function describeBudget(inputs: Inputs<InitramfsFacts>, image: ImageFacts): string {
	const { overlayBytes, neededBytes } = budgetOf(inputs, image);
	const parts = [
		`image ${formatBytes(image.sizeBytes)}`,
		`overlay ${formatBytes(overlayBytes)}`,
		`system ${formatBytes(systemFloorBytes)}`,
	];
	return `${parts.join(" + ")} = ${formatBytes(neededBytes)} of ${formatBytes(inputs.facts.memory.totalBytes)}`;
}

/**
 * Refuses, before the first byte is fetched, an image that cannot fit.
 *
 * @throws {NetherdError} `image.tmpfs-too-small`, `image.larger-than-memory`.
 */
export function checkMemoryBudget(inputs: Inputs<InitramfsFacts>, image: ImageFacts): void {
	const tmpfsBytes = imageTmpfsBytes(inputs, image);
	if (tmpfsBytes < image.sizeBytes) {
		throw new NetherdError(
			"image.tmpfs-too-small",
			`image ${image.name} is ${formatBytes(image.sizeBytes)}, but IMAGE_TMPFS_SIZE (${inputs.configuration.whence("IMAGE_TMPFS_SIZE")}) is ${formatBytes(tmpfsBytes)}`,
			{ hint: "raise IMAGE_TMPFS_SIZE, or remove it: then it fits the image" },
		);
	}
	const { totalBytes } = inputs.facts.memory;
	// What is unmounted first is free by then.
	const availableBytes = inputs.facts.memory.availableBytes + (inputs.facts.leftImageBytes ?? 0);
	const { overlayBytes, neededBytes } = budgetOf(inputs, image);
	if (neededBytes > totalBytes) {
		throw tooLarge(
			`image ${image.name} is ${formatBytes(image.sizeBytes)}, changes to the root need at least ${formatBytes(overlayBytes)}` +
				` and the system ${formatBytes(systemFloorBytes)}: ${formatBytes(neededBytes)}, and this machine has ${formatBytes(totalBytes)}`,
		);
	}
	const whileFetchingBytes = image.sizeBytes + downloadFloorBytes;
	if (whileFetchingBytes > availableBytes) {
		throw tooLarge(
			`image ${image.name} is ${formatBytes(image.sizeBytes)} and fetching it takes ${formatBytes(downloadFloorBytes)}:` +
				` ${formatBytes(whileFetchingBytes)}, and beside the initramfs ${formatBytes(availableBytes)} of this machine's ${formatBytes(totalBytes)} are free`,
		);
	}
}

function budgetOf({ configuration, facts }: Inputs<InitramfsFacts>, { sizeBytes }: ImageFacts) {
	const limit = configuration.size("OVERLAY_TMPFS_SIZE");
	const limitBytes = limit === undefined ? overlayFloorBytes : sizeInBytes(limit, facts.memory.totalBytes);
	const overlayBytes = Math.min(overlayFloorBytes, limitBytes);
	return { overlayBytes, neededBytes: sizeBytes + overlayBytes + systemFloorBytes };
}

/** A share is one of all memory. */
export function sizeInBytes(size: { bytes: number } | { percent: number }, totalBytes: number): number {
	return "bytes" in size ? size.bytes : Math.floor((totalBytes * size.percent) / 100);
}

/** @returns `image.larger-than-memory`. */
export function tooLarge(
	message: string,
	hint = "build a smaller image, add memory, or leave the image on the server with LTSP_NBD_TO_RAM = false",
): NetherdError {
	return new NetherdError("image.larger-than-memory", message, { hint });
}
