import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../errors.ts";

/** As the kernel counts: more links than this in one path is a loop (path_resolution(7)). */
const maximumLinks = 40;

/**
 * Where a path of the root leads on this machine, following symbolic links as a process inside the root would: an
 * absolute link starts again at the root, and `..` never leaves it. Components that do not exist yet are taken as they
 * are. The last component is followed too unless `followLast` is false (for replacing a link itself).
 *
 * @throws {NetherdError} `host.path-not-absolute`, `host.path-loop`.
 */
export function rootedPath(root: string, path: string, options: { followLast?: boolean } = {}): string {
	if (!path.startsWith("/") || path.includes("\0")) {
		throw new NetherdError("host.path-not-absolute", `not an absolute path: ${JSON.stringify(path)}`, {
			hint: "give the path from the node's root, such as /etc/motd",
		});
	}
	const pending = path.split("/").reverse();
	const resolved: string[] = [];
	let links = 0;
	while (pending.length > 0) {
		const component = pending.pop();
		if (component === undefined || component === "" || component === ".") continue;
		if (component === "..") {
			resolved.pop();
			continue;
		}
		const target =
			pending.length === 0 && options.followLast === false
				? undefined
				: linkTarget(join(root, ...resolved, component));
		if (target === undefined) {
			resolved.push(component);
			continue;
		}
		if (++links > maximumLinks) {
			throw new NetherdError("host.path-loop", `too many symbolic links in ${path} (below ${root})`, {
				hint: "look at the links of that path in the image: two of them point at each other",
			});
		}
		if (target.startsWith("/")) resolved.length = 0;
		pending.push(...target.split("/").reverse());
	}
	return join(root, ...resolved);
}

function linkTarget(path: string): string | undefined {
	const status = lstatSync(path, { throwIfNoEntry: false });
	return status?.isSymbolicLink() ? readlinkSync(path) : undefined;
}
