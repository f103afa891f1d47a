import {
	chmodSync,
	chownSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join, matchesGlob } from "node:path";
import { excludes, mountPoints } from "./excludes.ts";
import { rootedPath, rootedStatus } from "./rooted.ts";

/**
 * Takes out of a root what no image has (`excludes`, and what else is named), and what tells when it was made.
 *
 * @param more Paths like those of `excludes`.
 * @param epochSeconds The date that stands in for that of the build.
 */
export function cleanRoot(root: string, more: readonly string[], epochSeconds: number): void {
	// A chroot in a folder that only its owner may enter would be a system of which only root sees anything.
	chmodSync(root, 0o755);
	for (const path of mountPoints) ensureMountPoint(root, path);
	for (const pattern of [...excludes, ...more]) {
		for (const path of matchesIn(root, pattern)) rmSync(path, { recursive: true, force: true });
	}
	replace(root, "etc/machine-id", "");
	setPasswordDates(root, epochSeconds);
}

/** Real paths of what a pattern names in a root; links in it are followed inside the root, but not the last one. */
export function matchesIn(root: string, pattern: string): string[] {
	let folders = ["/"];
	const parts = pattern.split("/").filter((part) => part !== "");
	const last = parts.pop() ?? "";
	for (const part of parts) {
		folders = folders.flatMap((folder) => namesIn(root, folder, part));
	}
	return folders
		.flatMap((folder) => namesIn(root, folder, last))
		.flatMap((path) => rootedPath(root, path, false) ?? []);
}

function namesIn(root: string, folder: string, part: string): string[] {
	if (!part.includes("*")) return [join(folder, part)];
	const real = rootedPath(root, folder, true);
	if (real === undefined || !rootedStatus(root, folder)?.isDirectory()) return [];
	return readdirSync(real)
		.filter((name) => matchesGlob(name, part) || (part === "*" && name.startsWith(".")))
		.map((name) => join(folder, name));
}

/** A root that is a link there, or has none, would have the node mount over something else. */
function ensureMountPoint(root: string, path: string): void {
	const folder = join(root, path);
	const status = lstatSync(folder, { throwIfNoEntry: false });
	if (!status?.isDirectory()) {
		rmSync(folder, { force: true });
		mkdirSync(folder);
	}
	chmodSync(folder, path === "tmp" ? 0o1777 : 0o755);
}

/** The third field says when a password was last changed, in days (shadow(5)). */
function setPasswordDates(root: string, epochSeconds: number): void {
	const path = rootedPath(root, "etc/shadow", true);
	if (path === undefined || !rootedStatus(root, "etc/shadow")?.isFile()) return;
	const day = Math.floor(epochSeconds / 86_400);
	const text = readFileSync(path, "utf8");
	writeFileSync(path, text.replace(/^([^:\n]*:[^:\n]*:)\d+:/gm, `$1${day}:`));
}

/** A new file in the place of whatever is there, but for a folder. */
function replace(root: string, path: string, content: string): void {
	const file = rootedPath(root, path, false);
	if (file === undefined || !existsSync(join(file, ".."))) return;
	rmSync(file, { force: true });
	writeFileSync(file, content, { mode: 0o644 });
	chmodSync(file, 0o644);
	chownSync(file, 0, 0);
}
