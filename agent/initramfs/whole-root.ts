import { formatBytes } from "../download/progress.ts";
import { NetherdError } from "../errors.ts";
import type { InitramfsFacts, WholeRootFacts } from "../facts/facts.ts";
import { wholeRootFolder } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import { overlayFloorBytes, sizeInBytes, systemFloorBytes, tooLarge } from "./memory-budget.ts";

/** What the agent itself takes meanwhile, beyond what it has already. */
const moveFloorBytes = 32 * 1024 ** 2;

/**
 * A root that came in the initramfs goes into a tmpfs of its own: containers cannot pivot_root on the initramfs
 * (Documentation/filesystems/ramfs-rootfs-initramfs.rst), and that has no limit.
 *
 * @throws {NetherdError} `image.other-kernel`, `image.larger-than-memory`.
 */
export function moveWholeRoot(
	{ facts, configuration }: Inputs<InitramfsFacts>,
	root: WholeRootFacts,
): readonly Operation[] {
	checkKernel(facts, root);
	const { totalBytes } = facts.memory;
	const limit = configuration.size("OVERLAY_TMPFS_SIZE") ?? { percent: 50 };
	const changesBytes = sizeInBytes(limit, totalBytes);
	checkBudget(facts, root, Math.min(overlayFloorBytes, changesBytes));
	return [
		{
			kind: "mount",
			what: "tmpfs",
			where: facts.newRoot,
			type: "tmpfs",
			options: [`size=${root.sizeBytes + changesBytes}`, "mode=0755"],
			because: `OVERLAY_TMPFS_SIZE (${configuration.whence("OVERLAY_TMPFS_SIZE")}) = ${formatBytes(changesBytes)} for changes, and the root's ${formatBytes(root.sizeBytes)}`,
		},
		{
			kind: "moveTree",
			from: wholeRootFolder,
			to: facts.newRoot,
			sizeBytes: root.sizeBytes,
			because: `image ${root.name}, whole in this initramfs`,
		},
	];
}

const whatHelps =
	"build a smaller image, add memory, or build with --format squashfs: packed, the root takes less than half as much";

function checkBudget(
	{ memory: { totalBytes, availableBytes } }: InitramfsFacts,
	{ name, sizeBytes, movingBytes }: WholeRootFacts,
	changesBytes: number,
): void {
	const neededBytes = sizeBytes + changesBytes + systemFloorBytes;
	if (neededBytes > totalBytes) {
		throw tooLarge(
			`the root of image ${name} is ${formatBytes(sizeBytes)}, changes to it need at least ${formatBytes(changesBytes)}` +
				` and the system ${formatBytes(systemFloorBytes)}: ${formatBytes(neededBytes)}, and this machine has ${formatBytes(totalBytes)}`,
			whatHelps,
		);
	}
	const whileMovingBytes = movingBytes + moveFloorBytes;
	if (whileMovingBytes > availableBytes) {
		throw tooLarge(
			`moving the root of image ${name} out of the initramfs takes ${formatBytes(whileMovingBytes)} beside the root,` +
				` and ${formatBytes(availableBytes)} of this machine's ${formatBytes(totalBytes)} are free`,
			whatHelps,
		);
	}
}

function checkKernel({ kernelRelease }: InitramfsFacts, root: WholeRootFacts): void {
	if (kernelRelease === undefined || root.kernelRelease === kernelRelease) return;
	throw new NetherdError(
		"image.other-kernel",
		`the root of image ${root.name} holds the modules of kernel ${root.kernelRelease}, and this is kernel ${kernelRelease}`,
		{ hint: "boot kernel and initramfs of the same version; the companion's boot script does" },
	);
}
