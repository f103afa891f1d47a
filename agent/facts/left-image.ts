import { readFileSync, statfsSync } from "node:fs";
import { imageFolder, mountTable } from "../paths.ts";

/** What an attempt before this one has left in the image's tmpfs, in bytes; undefined where nothing is mounted. */
export function leftImageBytes(): number | undefined {
	// proc_pid_mounts(5): device, mount point, type …
	const isMounted = readFileSync(mountTable, "utf8")
		.split("\n")
		.some((line) => line.split(" ")[1] === imageFolder);
	if (!isMounted) return undefined;
	const { blocks, bfree, bsize } = statfsSync(imageFolder);
	return (blocks - bfree) * bsize;
}
