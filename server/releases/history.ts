import { readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isImageName } from "../config/values.ts";

/*
 * Which versions of an image were current, and the link that says which one is. `DIR/images/NAME/history` has a line for
 * each release, the newest last: time and version.
 *
 * What counts is the link. The history is read up to the last line with the version that the link names; what follows was
 * rolled back, or never came to be. So every state that an interruption can leave has one meaning, and a link that was
 * moved by hand is fine.
 */

export interface Release {
	/** ISO 8601. */
	readonly at: string;
	readonly version: string;
}

/** More would not be rolled back to. */
const linesKept = 50;

/** The version that `current` names; undefined when there is no such link. */
export function currentVersion(imageFolder: string): string | undefined {
	try {
		return readlinkSync(join(imageFolder, "current"));
	} catch {
		return undefined;
	}
}

/** The releases up to the current one, oldest first. Empty without a current version. */
export function releasesUntilNow(imageFolder: string): Release[] {
	const current = currentVersion(imageFolder);
	if (current === undefined) return [];
	const recorded = readHistory(imageFolder);
	const index = recorded.findLastIndex(({ version }) => version === current);
	if (index >= 0) return recorded.slice(0, index + 1);
	return [...recorded, { at: "", version: current }];
}

/**
 * The release that a rollback goes to: the last one before the current that is another version and still there.
 *
 * @param versions Those that are there.
 */
export function previousRelease(imageFolder: string, versions: readonly string[]): Release | undefined {
	const releases = releasesUntilNow(imageFolder);
	const current = releases.at(-1)?.version;
	return releases.findLast(({ version }) => version !== current && versions.includes(version));
}

/**
 * Makes a version current, in one step. The history comes first: should that fail, for want of space, nothing has
 * happened.
 *
 * @throws {Error} Of the file system.
 */
export function makeCurrent(imageFolder: string, version: string, now: Date): void {
	writeHistory(imageFolder, [...releasesUntilNow(imageFolder), { at: now.toISOString(), version }]);
	pointTo(join(imageFolder, "current"), version);
}

/**
 * Goes back to an earlier release. The link comes first: going back must work on a full disk.
 *
 * @throws {Error} Of the file system, when the link cannot be moved; a history that cannot be written is left as it is.
 */
export function goBack(imageFolder: string, release: Release): void {
	const releases = releasesUntilNow(imageFolder);
	pointTo(join(imageFolder, "current"), release.version);
	try {
		const index = releases.findLastIndex(({ version }) => version === release.version);
		writeHistory(imageFolder, releases.slice(0, index + 1));
	} catch {
		// It is read up to the current version anyhow.
	}
}

/** Lines that are none are read over: the file is for people, too. */
function readHistory(imageFolder: string): Release[] {
	let text: string;
	try {
		text = readFileSync(join(imageFolder, "history"), "utf8");
	} catch {
		return [];
	}
	return text.split("\n").flatMap((line) => {
		const [at = "", version = "", ...rest] = line.trim().split(/\s+/);
		return isImageName(version) && rest.length === 0 ? [{ at, version }] : [];
	});
}

function writeHistory(imageFolder: string, releases: readonly Release[]): void {
	const lines = releases.slice(-linesKept).map(({ at, version }) => `${at === "" ? "-" : at} ${version}\n`);
	const unfinished = join(imageFolder, `.history.unfinished-${process.pid}`);
	try {
		writeFileSync(unfinished, lines.join(""));
		renameSync(unfinished, join(imageFolder, "history"));
	} finally {
		rmSync(unfinished, { force: true });
	}
}

function pointTo(link: string, target: string): void {
	const unfinished = join(dirname(link), `.current.unfinished-${process.pid}`);
	rmSync(unfinished, { force: true });
	try {
		symlinkSync(target, unfinished);
		// rename(2) replaces the old link in one step.
		renameSync(unfinished, link);
	} finally {
		rmSync(unfinished, { force: true });
	}
}
