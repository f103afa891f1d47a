import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describeError, NetherdError } from "../../agent/errors.ts";
import type { Pin } from "../config/pins.ts";
import { resolveRooted } from "../rooted-path.ts";
import { changeFailed, withImageAlone } from "./change.ts";
import { lockAlone } from "./folder-lock.ts";
import { currentVersion, previousRelease } from "./history.ts";
import { type Version, versionsOf } from "./versions.ts";

/** What became of each version, the newest first. */
export interface PruneReport {
	readonly removed: readonly {
		readonly image: string;
		readonly version: string;
		readonly freedBytes: number;
	}[];
	readonly kept: readonly {
		readonly image: string;
		readonly version: string;
		readonly reasons: readonly string[];
	}[];
	/** Those that should have gone. */
	readonly failed: readonly { readonly image: string; readonly version: string; readonly error: string }[];
}

export interface PruneOptions {
	readonly flock: string;
	/** How many of the newest whole versions stay, whatever else does; at least 1. */
	readonly keep: number;
	readonly pins: readonly Pin[];
	/** Only says what would happen. */
	readonly isTrial?: boolean;
}

/**
 * Removes old versions of an image, each at once and whole: under its name it is complete or not there. Never those that
 * are current, or were before; that are pinned; that a companion has locked because nodes use them; or that are not whole,
 * because somebody may be copying them.
 *
 * @throws {NetherdError} `release.busy`, `release.cannot-lock`, `release.leftovers` (of an earlier command),
 *   `server.file-missing`.
 */
export function prune(folder: string, image: string, options: PruneOptions): PruneReport {
	const imageFolder = resolveRooted(folder, ["images", image]);
	return withImageAlone(options.flock, imageFolder, () => {
		if (options.isTrial !== true) finishRemovals(imageFolder);
		const versions = versionsOf(folder, image);
		const reasonsOf = protections(imageFolder, versions, options);
		const report = { removed: [], kept: [], failed: [] } as {
			-readonly [Key in keyof PruneReport]: PruneReport[Key][number][];
		};
		for (const version of versions) {
			const reasons = reasonsOf(version);
			const { image, version: name, ownBytes } = version;
			if (reasons.length > 0) report.kept.push({ image, version: name, reasons });
			else {
				const outcome = remove(imageFolder, version, options);
				if (outcome === "removed") report.removed.push({ image, version: name, freedBytes: ownBytes });
				else if (outcome === "in use") report.kept.push({ image, version: name, reasons: ["in use"] });
				else report.failed.push({ image, version: name, error: outcome.error });
			}
		}
		return report;
	});
}

/** Whether a companion has it locked at this moment. */
export function isInUse(flock: string, { folder }: Pick<Version, "folder">): boolean {
	const lock = lockAlone(flock, folder, 0);
	lock?.close();
	return lock === undefined;
}

function protections(
	imageFolder: string,
	versions: readonly Version[],
	{ keep, pins }: PruneOptions,
): (version: Version) => string[] {
	const current = currentVersion(imageFolder);
	const previous = previousRelease(
		imageFolder,
		versions.map(({ version }) => version),
	);
	const whole = versions.filter(({ released }) => released !== undefined);
	return (version) => {
		const { image, version: name, problem } = version;
		const nodes = pins.filter((pin) => pin.image === image && pin.version === name).map(({ node }) => node);
		const age = whole.indexOf(version);
		return [
			...(current === undefined ? ["the image has no current version yet"] : []),
			...(name === current ? ["current"] : []),
			...(name === previous?.version ? ["previous"] : []),
			...(nodes.length === 0 ? [] : [`pinned by ${nodes.join(", ")}`]),
			...(problem === undefined ? [] : [`not whole, remove it yourself: ${problem}`]),
			...(age >= 0 && age < keep ? [`among the newest ${keep}`] : []),
		];
	};
}

function remove(
	imageFolder: string,
	version: Version,
	{ flock, isTrial }: PruneOptions,
): "removed" | "in use" | { error: string } {
	const lock = lockAlone(flock, version.folder, 0);
	if (lock === undefined) return "in use";
	const going = join(imageFolder, `.${version.version}${removingSuffix}`);
	try {
		if (isTrial === true) return "removed";
		// From here on nobody finds it; whoever has a file of it open goes on reading.
		renameSync(version.folder, going);
	} catch (error) {
		return { error: describeError(changeFailed(`remove ${version.folder}`, error)) };
	} finally {
		lock.close();
	}
	try {
		rmSync(going, { recursive: true });
		return "removed";
	} catch (error) {
		return { error: describeError(leftovers(going, error)) };
	}
}

function leftovers(folder: string, cause: unknown): NetherdError {
	return new NetherdError(
		"release.leftovers",
		`nobody finds this version any more, but ${folder} is still there`,
		{
			hint: "the next prune tries again; or remove that folder yourself",
			cause,
		},
	);
}

const removingSuffix = ".removing";

/** What a command that was interrupted has left. */
function finishRemovals(imageFolder: string): void {
	for (const name of readdirSync(imageFolder)) {
		if (name.startsWith(".") && name.endsWith(removingSuffix)) {
			const going = join(imageFolder, name);
			try {
				rmSync(going, { recursive: true, force: true });
			} catch (error) {
				throw leftovers(going, error);
			}
		}
	}
}
