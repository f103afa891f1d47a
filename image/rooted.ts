import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

/** As the kernel (path_resolution(7)). */
const maximumLinks = 40;

/**
 * Where a path of a root really is, links in it resolved as a process that has this root would: an absolute link starts at
 * the root, `..` does not lead out of it. Everything that writes into the root of an image goes through here, because its
 * links are somebody else's: /etc may be a link to this machine's.
 *
 * @param path Of the root, with or without a slash in front. What of it does not exist is taken by its name.
 * @param followLast Whether the last part is followed, too, when it is a link.
 * @returns Undefined when links go in a circle.
 */
export function rootedPath(root: string, path: string, followLast: boolean): string | undefined {
	const pending = partsOf(path);
	let reached: string[] = [];
	let links = 0;
	for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
		if (part === "..") {
			reached.pop();
			continue;
		}
		const here = join(root, ...reached, part);
		const isToFollow = followLast || pending.length > 0;
		if (isToFollow && lstatOf(here)?.isSymbolicLink()) {
			if (++links > maximumLinks) return undefined;
			const target = readlinkSync(here);
			if (target.startsWith("/")) reached = [];
			pending.unshift(...partsOf(target));
			continue;
		}
		reached.push(part);
	}
	return join(root, ...reached);
}

/** What is at a path of a root, links followed inside it; undefined when there is nothing. */
export function rootedStatus(root: string, path: string): Stats | undefined {
	const real = rootedPath(root, path, true);
	const status = real === undefined ? undefined : lstatOf(real);
	return status?.isSymbolicLink() ? undefined : status;
}

/** lstat(2): undefined for what is not there, also below something that is no folder. */
function lstatOf(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}

/** Names in `path` that mean something. */
function partsOf(path: string): string[] {
	return path.split("/").filter((part) => part !== "" && part !== ".");
}
