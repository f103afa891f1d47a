import type { SourceUse } from "../download/source-address.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, InitramfsFacts } from "../facts/facts.ts";
import { imageSources, nbdSource, type Whereabouts } from "../facts/image-location.ts";
import { describeVerification } from "../facts/verification.ts";
import { imageFile, imageFolder, networkBlockDevice } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { checkMemoryBudget, describeBudget, imageTmpfsBytes } from "./memory-budget.ts";

export const fetchImageStep: Step<Inputs<InitramfsFacts>> = {
	name: "20-fetch-image",
	summary:
		"brings the root image into a tmpfs of its own, from one source or several, every chunk checked against its SHA-256",
	keys: [
		"LTSP_NBD_TO_RAM",
		"IMAGE",
		"IMAGE_SOURCES",
		"IMAGE_SOURCES_USE",
		"IMAGE_STALL_TIMEOUT",
		"IMAGE_TOTAL_TIMEOUT",
		"IMAGE_CONNECTIONS",
		"IMAGE_TMPFS_SIZE",
		"OVERLAY_TMPFS_SIZE",
	],
	plan: (inputs) => {
		const { facts, configuration } = inputs;
		if (facts.wholeRoot !== undefined) return [];
		if (facts.image !== undefined) return intoMemory(inputs, facts.image);
		const { kind: _, ...location } = nbdSource(whereabouts(inputs));
		return [
			{
				kind: "attachNetworkBlockDevice",
				...location,
				device: networkBlockDevice,
				because: `LTSP_NBD_TO_RAM (${configuration.whence("LTSP_NBD_TO_RAM")})`,
			},
		];
	},
};

function intoMemory(inputs: Inputs<InitramfsFacts>, image: ImageFacts): readonly Operation[] {
	const { configuration } = inputs;
	const connections = configuration.integer("IMAGE_CONNECTIONS");
	checkBuild(inputs, image);
	checkKernel(inputs.facts, image);
	checkMemoryBudget(inputs, image);
	const signed = image.verification === undefined ? "" : `, ${describeVerification(image.verification)}`;
	const left: readonly Operation[] =
		inputs.facts.leftImageBytes === undefined
			? []
			: [
					{
						kind: "unmount",
						where: imageFolder,
						because: "it holds what an attempt before this one has fetched",
					},
				];
	return [
		...left,
		{
			kind: "mount",
			what: "tmpfs",
			where: imageFolder,
			type: "tmpfs",
			// Huge pages halve the cost of filling it (Documentation/filesystems/tmpfs.rst).
			options: [`size=${imageTmpfsBytes(inputs, image)}`, "mode=0700", "huge=within_size"],
			because: `IMAGE_TMPFS_SIZE (${configuration.whence("IMAGE_TMPFS_SIZE")}); memory: ${describeBudget(inputs, image)}`,
		},
		{
			kind: "fetchImage",
			sources: imageSources(whereabouts(inputs), image),
			use: (configuration.text("IMAGE_SOURCES_USE")?.toLowerCase() ?? "in-order") as SourceUse,
			...(connections === undefined ? {} : { connections }),
			destination: imageFile,
			sizeBytes: image.sizeBytes,
			chunkSizeBytes: image.chunkSizeBytes,
			chunks: image.chunks,
			stallTimeoutMs: configuration.durationMs("IMAGE_STALL_TIMEOUT") ?? 30_000,
			totalTimeoutMs: configuration.durationMs("IMAGE_TOTAL_TIMEOUT") ?? 30 * 60_000,
			because: `${image.name}${image.version === undefined ? "" : ` ${image.version}`} (${image.from}${signed})`,
		},
	];
}

/** An image that lts.conf chose may be of another build; under the name and version that was booted it must be the same. */
function checkBuild(
	{ facts, commandLine: { image: booted } }: Inputs<InitramfsFacts>,
	image: ImageFacts,
): void {
	if (facts.buildId === undefined || image.buildId === undefined || facts.buildId === image.buildId) return;
	if (booted?.name !== image.name || booted.version !== image.version) return;
	throw new NetherdError(
		"image.other-initramfs",
		`image ${image.name} ${image.version ?? ""} is of build ${image.buildId}, and this initramfs of build ${facts.buildId}`,
		{
			hint: "give the nodes kernel and initramfs out of the folder of this version: the companion's boot script does; copies elsewhere (TFTP, boot menus) have to be made anew",
		},
	);
}

/** Without its modules a node would come up with no network drivers and no container networking, and not say why. */
function checkKernel({ kernelRelease }: InitramfsFacts, image: ImageFacts): void {
	if (kernelRelease === undefined || image.kernelRelease === undefined) return;
	if (kernelRelease === image.kernelRelease) return;
	throw new NetherdError(
		"image.other-kernel",
		`image ${image.name} ${image.version ?? ""} holds the modules of kernel ${image.kernelRelease}, and this is kernel ${kernelRelease}`,
		{
			hint: "boot the kernel and initramfs of the same version: remove IMAGE from lts.conf, or name the version that the server's boot script gives",
		},
	);
}

function whereabouts({ facts, commandLine, configuration }: Inputs<InitramfsFacts>): Whereabouts {
	return { commandLine, configuration, network: facts.network };
}
