import type { Pin } from "../config/pins.ts";
import { resolveRooted } from "../rooted-path.ts";
import { currentVersion, previousRelease } from "./history.ts";
import { isInUse } from "./prune.ts";
import { imagesIn, versionsOf } from "./versions.ts";

/** An image and its versions, the newest first: the JSON that `companion releases list` prints. */
export interface ListedImage {
	readonly name: string;
	readonly current: string | null;
	/** Where a rollback goes. */
	readonly previous: string | null;
	readonly versions: readonly ListedVersion[];
}

export interface ListedVersion {
	readonly version: string;
	/** ISO 8601; null when the version is not whole. */
	readonly builtAt: string | null;
	readonly kernel: string | null;
	readonly sizeBytes: number;
	/** Nodes and groups, as [pins] has them. */
	readonly pinnedBy: readonly string[];
	/** A companion gave it to a node lately, or a node reads it, or a companion knows that it is pinned. */
	readonly inUse: boolean;
	/** Nodes refuse one that is not, unless they verify nothing. */
	readonly isSigned: boolean;
	/** What is missing or wrong; null when it is whole. */
	readonly problem: string | null;
}

/** @throws {NetherdError} `server.folder-missing`, `server.path-leads-out`, `release.cannot-lock`. */
export function listReleases(
	folder: string,
	{ flock, pins }: { readonly flock: string; readonly pins: readonly Pin[] },
): ListedImage[] {
	return imagesIn(folder).map((name) => {
		const imageFolder = resolveRooted(folder, ["images", name]);
		const versions = versionsOf(folder, name);
		const names = versions.map(({ version }) => version);
		return {
			name,
			current: currentVersion(imageFolder) ?? null,
			previous: previousRelease(imageFolder, names)?.version ?? null,
			versions: versions.map((version) => ({
				version: version.version,
				builtAt: version.released?.manifest.builtAt ?? null,
				kernel: version.released?.manifest.kernel.release ?? null,
				sizeBytes: version.sizeBytes,
				pinnedBy: pins
					.filter((pin) => pin.image === name && pin.version === version.version)
					.map(({ node }) => node),
				inUse: isInUse(flock, version),
				isSigned: version.isSigned,
				problem: version.problem ?? null,
			})),
		};
	});
}

/** The list for people. */
export function listText(images: readonly ListedImage[]): string {
	const rows = images.flatMap(({ name, current, previous, versions }) => [
		...versions.map((version) => [
			`${name}/${version.version}`,
			version.builtAt ?? "-",
			`${(version.sizeBytes / 1024 / 1024).toFixed(1)} MiB`,
			[
				...(version.version === current ? ["current"] : []),
				...(version.version === previous ? ["previous"] : []),
				...(version.pinnedBy.length === 0 ? [] : [`pinned by ${version.pinnedBy.join(", ")}`]),
				...(version.inUse ? ["in use"] : []),
				...(version.isSigned || version.problem !== null ? [] : ["not signed"]),
				...(version.problem === null ? [] : [`not whole: ${version.problem}`]),
			].join("; "),
		]),
		...(current === null || versions.some(({ version }) => version === current)
			? []
			: [[`${name}/${current}`, "-", "-", "current, and not there"]]),
	]);
	const table = [["version", "built", "size", "is"], ...rows];
	const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
	return table
		.map(
			(row) =>
				`${row
					.map((cell, column) => cell.padEnd(widths[column] ?? 0))
					.join("  ")
					.trimEnd()}\n`,
		)
		.join("");
}
