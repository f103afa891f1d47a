import { formatBytes } from "../download/progress.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, InitramfsFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";

/** What the kernel and systemd need besides image and overlay, measured on a node without workload: under 300 MiB. */
const systemFloorBytes = 256 * 1024 ** 2;
/** A tmpfs counts whole pages, and keeps a few for itself. */
const tmpfsMarginBytes = 1024 ** 2;

/** Size of the image's tmpfs: as configured, else as large as the image. */
export function imageTmpfsBytes({ configuration, facts }: Inputs<InitramfsFacts>, image: ImageFacts): number {
	const configured = configuration.size("IMAGE_TMPFS_SIZE");
	if (configured === undefined) return image.sizeBytes + tmpfsMarginBytes;
	return "bytes" in configured
		? configured.bytes
		: Math.floor((facts.memory.totalBytes * configured.percent) / 100);
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
	const { availableBytes, totalBytes } = inputs.facts.memory;
	const neededBytes = image.sizeBytes + systemFloorBytes;
	if (neededBytes > availableBytes) {
		throw new NetherdError(
			"image.larger-than-memory",
			`image ${image.name} is ${formatBytes(image.sizeBytes)} and the system needs ${formatBytes(systemFloorBytes)} beside it, but only ${formatBytes(availableBytes)} of this machine's ${formatBytes(totalBytes)} are free`,
			{
				hint: "build a smaller image, add memory, or leave the image on the server with LTSP_NBD_TO_RAM = false",
			},
		);
	}
}
