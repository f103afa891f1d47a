import { closeSync, constants, fstatSync, ftruncateSync, openSync, statfsSync } from "node:fs";
import { NetherdError } from "../errors.ts";
import { formatBytes } from "./progress.ts";

/** The file that the image is written to. */
export interface DestinationFile {
	readonly fileDescriptor: number;
	close(): void;
}

/**
 * Opens the file, makes it when it is missing, gives it its final size, and checks that its file system has room.
 *
 * @throws {NetherdError} `image.destination-too-small`, `image.write-failed`.
 */
export function openDestination(path: string, sizeBytes: number): DestinationFile {
	let fileDescriptor: number | undefined;
	try {
		fileDescriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
		const { size, blocks } = fstatSync(fileDescriptor);
		// st_blocks counts 512 bytes whatever the file system does: stat(2). What the file has already it need not get.
		checkRoom(path, sizeBytes - blocks * 512);
		if (size !== sizeBytes) ftruncateSync(fileDescriptor, sizeBytes);
	} catch (error) {
		if (fileDescriptor !== undefined) closeSync(fileDescriptor);
		throw error instanceof NetherdError ? error : writeFailed(path, error);
	}
	const opened = fileDescriptor;
	return { fileDescriptor: opened, close: () => closeSync(opened) };
}

export function writeFailed(path: string, cause: unknown): NetherdError {
	return new NetherdError("image.write-failed", `cannot write the image to ${path}`, {
		hint: "check that the file's tmpfs is mounted, writable and large enough (IMAGE_TMPFS_SIZE), and that memory is left",
		cause,
	});
}

function checkRoom(path: string, neededBytes: number): void {
	const { bsize, blocks, bavail } = statfsSync(path);
	// A file system without a size of its own, such as a tmpfs with size=0, tells 0 blocks.
	if (blocks === 0 || neededBytes <= bsize * bavail) return;
	throw new NetherdError(
		"image.destination-too-small",
		`${path} needs ${formatBytes(neededBytes)} more; its file system has ${formatBytes(bsize * bavail)} left`,
		{ hint: "raise IMAGE_TMPFS_SIZE, or remove it: then it fits the image" },
	);
}
