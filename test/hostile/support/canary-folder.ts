import { createHash } from "node:crypto";
import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** What stands in every canary file; it must turn up nowhere else. */
export const canaryText = "canary: nobody is to read or change this\n";

/** A folder with a new root in it, surrounded by files that would show any escape. */
export interface CanaryFolder {
	/** Holds the root and the canaries. */
	readonly outside: string;
	readonly root: string;
	/** Every file, folder and link around the root with mode, size, time of its last change, and content. */
	listing(): readonly string[];
	remove(): void;
}

export function makeCanaryFolder(): CanaryFolder {
	const outside = mkdtempSync(join(tmpdir(), "netherd-hostile-"));
	const root = join(outside, "a/b/root");
	mkdirSync(root, { recursive: true });
	for (const folder of [
		"",
		"etc",
		"etc/systemd/system",
		"run/netherd/init",
		"srv",
		"a",
		"a/etc",
		"a/b/etc",
	]) {
		mkdirSync(join(outside, folder), { recursive: true });
		for (const name of ["passwd", "hosts", "fstab", "hostname", "rc.local", "lts.conf", "x.service"]) {
			writeFileSync(join(outside, folder, name), canaryText);
		}
	}
	return {
		outside,
		root,
		listing: () => list(outside, outside, root),
		remove: () => rmSync(outside, { recursive: true, force: true }),
	};
}

function list(path: string, from: string, except: string): string[] {
	const status = lstatSync(path, { bigint: true });
	const name = relative(from, path);
	const common = `${name} ${status.mode.toString(8)} ${status.uid}:${status.gid}`;
	// The time of a folder tells of files that came and went again; that of the root's own parent, too.
	if (status.isSymbolicLink()) return [`${common} -> ${readlinkSync(path)}`];
	if (!status.isDirectory()) {
		const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
		return [`${common} ${status.size} ${status.mtimeNs} ${digest}`];
	}
	const entries = readdirSync(path)
		.sort()
		.map((entry) => join(path, entry))
		.filter((entry) => entry !== except);
	return [`${common} ${status.mtimeNs}`, ...entries.flatMap((entry) => list(entry, from, except))];
}
