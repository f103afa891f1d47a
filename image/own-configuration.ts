import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { rootedPath, rootedStatus } from "./rooted.ts";

/** Files of ours that are only a beginning: where whoever made the root wrote one, theirs stays. */
const onlyDefaults = ["etc/containerd/config.toml"] as const;

/**
 * Those of our files that the root has already, and not as a package brought them: somebody wrote them for these nodes.
 *
 * @returns Paths of the root, without slash in front.
 */
export function ownConfiguration(root: string): string[] {
	return onlyDefaults.filter((path) => {
		const file = rootedPath(root, path, true);
		if (file === undefined || !rootedStatus(root, path)?.isFile()) return false;
		const hash = createHash("md5").update(readFileSync(file)).digest("hex");
		return !packagedFiles(root).includes(` /${path} ${hash}`);
	});
}

/** dpkg's list of packages; among it, for each configuration file, its path and MD5 as the package has it (dpkg-query(1)). */
function packagedFiles(root: string): string {
	const file = rootedPath(root, "var/lib/dpkg/status", true);
	const isThere = file !== undefined && rootedStatus(root, "var/lib/dpkg/status")?.isFile();
	return isThere ? readFileSync(file, "utf8") : "";
}
