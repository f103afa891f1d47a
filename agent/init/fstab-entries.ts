import { posix } from "node:path";
import type { Configuration, Setting } from "../config/configuration.ts";
import { NetherdError } from "../errors.ts";
import { becauseOf } from "./because.ts";

/** A line of fstab(5), read as far as the agent has to. */
export interface FstabEntry {
	readonly setting: Setting;
	/** As it goes into /etc/fstab. */
	readonly line: string;
	/** First field, e.g. `/dev/vg0/data`, `LABEL=logs`, `server:/export`; empty for a comment. */
	readonly device: string;
	/** Absolute and plain; absent where nothing is mounted (swap, comments). */
	readonly mountPoint?: string;
	readonly type: string;
}

/**
 * The FSTAB_* entries that go into /etc/fstab; none when CONFIGURE_FSTAB keeps the image's own.
 *
 * @throws {NetherdError} `init.bad-fstab` for a line that is no entry of fstab(5), or whose mount point is not a plain
 *   absolute path.
 */
export function fstabEntries(configuration: Configuration): readonly FstabEntry[] {
	if (!configuration.boolean("CONFIGURE_FSTAB")) return [];
	return configuration.family("FSTAB_").map(parseEntry);
}

/** File systems that come over the network and need the NFS services. */
export function isNfs({ type }: FstabEntry): boolean {
	return type === "nfs" || type === "nfs4";
}

/** Whether a logical volume may be behind the device: named after its group, or found by a label or UUID. */
export function mayBeLogicalVolume({ device }: FstabEntry): boolean {
	if (/^(?:UUID|LABEL)=|^\/dev\/(?:mapper|disk)\//.test(device)) return true;
	return /^\/dev\/(?!md\/|cciss\/|rbd\/|zvol\/)[^/]+\/[^/]+$/.test(device);
}

function parseEntry(setting: Setting): FstabEntry {
	const line = setting.value.trim();
	if (line.startsWith("#")) return { setting, line, device: "", type: "" };
	const [device = "", where = "", type = "", ...rest] = line.split(/\s+/);
	// fstab(5) takes the last two for 0 when they are not there; mount(8) also does without options.
	if (
		where === "" ||
		type === "" ||
		rest.length > 3 ||
		!rest.slice(1).every((field) => /^\d+$/.test(field))
	) {
		throw badEntry(setting, "is not DEVICE MOUNTPOINT TYPE OPTIONS DUMP PASS");
	}
	if (type === "swap" || where === "none" || where === "swap") return { setting, line, device, type };
	const mountPoint = where.replace(/\\([0-7]{3})/g, (_, octal: string) =>
		String.fromCharCode(Number.parseInt(octal, 8)),
	);
	if (!mountPoint.startsWith("/") || mountPoint.includes("\0") || mountPoint.split("/").includes("..")) {
		throw badEntry(
			setting,
			`has the mount point ${JSON.stringify(where)}, which is not a plain absolute path`,
		);
	}
	return {
		setting,
		line,
		device,
		type,
		mountPoint: posix.normalize(`${mountPoint}/`).replace(/(.)\/$/, "$1"),
	};
}

function badEntry(setting: Setting, problem: string): NetherdError {
	return new NetherdError(
		"init.bad-fstab",
		`${becauseOf(setting)}: ${JSON.stringify(setting.value)} ${problem}`,
		{
			hint: "write one line of fstab(5), such as LABEL=data /var/lib/data ext4 defaults,nofail 0 2",
		},
	);
}
