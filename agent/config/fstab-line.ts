import { posix } from "node:path";
import type { Reading } from "./values.ts";

/** A line of fstab(5), read as far as somebody has to. */
export interface FstabLine {
	/** First field, e.g. `/dev/vg0/data`, `LABEL=logs`, `server:/export`; empty for a comment, and for what is no entry. */
	readonly device: string;
	/** Absolute and plain; absent where nothing is mounted (swap, comments). */
	readonly mountPoint?: string;
	readonly type: string;
}

const noEntry: FstabLine = { device: "", type: "" };

/**
 * Reads a line. What LTSP 5 would copy into /etc/fstab as it is, and systemd would pass over, is only a warning; a mount
 * point that leads elsewhere is a problem.
 */
export function readFstabLine(text: string): Reading<FstabLine> {
	const line = text.trim();
	if (line.startsWith("#")) return { value: noEntry };
	const [device = "", where = "", type = "", ...rest] = line.split(/\s+/);
	const warning = "not a line of fstab: DEVICE MOUNTPOINT TYPE OPTIONS DUMP PASS";
	if (where === "" || type === "") return { value: noEntry, warning };
	// fstab(5) takes the last two for 0 when they are not there; mount(8) also does without options.
	const isEntry = rest.length <= 3 && rest.slice(1).every((field) => /^\d+$/.test(field));
	const entry = readFields(device, where, type);
	return "problem" in entry || isEntry ? entry : { ...entry, warning };
}

function readFields(device: string, where: string, type: string): Reading<FstabLine> {
	if (type === "swap" || where === "none" || where === "swap") return { value: { device, type } };
	const mountPoint = where.replace(/\\([0-7]{3})/g, (_, octal: string) =>
		String.fromCharCode(Number.parseInt(octal, 8)),
	);
	if (!mountPoint.startsWith("/")) return { problem: `the mount point ${where} is not an absolute path` };
	if (mountPoint.includes("\0") || mountPoint.split("/").includes("..")) {
		return { problem: `the mount point ${where} holds ${mountPoint.includes("\0") ? "\\000" : ".."}` };
	}
	return {
		value: { device, type, mountPoint: posix.normalize(`${mountPoint}/`).replace(/(.)\/$/, "$1") },
	};
}
