import type { Configuration, Setting } from "../config/configuration.ts";
import { type FstabLine, readFstabLine } from "../config/fstab-line.ts";
import { NetherdError } from "../errors.ts";
import { becauseOf } from "./because.ts";

export interface FstabEntry extends FstabLine {
	readonly setting: Setting;
	/** As it goes into /etc/fstab. */
	readonly line: string;
}

/**
 * The FSTAB_* entries that go into /etc/fstab; none when CONFIGURE_FSTAB keeps the image's own. As in LTSP 5, a line that
 * is no entry of fstab(5) goes there, too; nothing is mounted by it.
 *
 * @throws {NetherdError} `init.bad-fstab` for a mount point that is not a plain absolute path.
 */
export function fstabEntries(configuration: Configuration): readonly FstabEntry[] {
	if (!configuration.boolean("CONFIGURE_FSTAB")) return [];
	return configuration.family("FSTAB_").map(readEntry);
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

/** The check of lts.conf finds the same; but it can't look into a value that holds a secret. */
function readEntry(setting: Setting): FstabEntry {
	const reading = readFstabLine(setting.value);
	if ("value" in reading) return { ...reading.value, setting, line: setting.value.trim() };
	throw new NetherdError(
		"init.bad-fstab",
		`${becauseOf(setting)}: ${JSON.stringify(setting.value)}: ${reading.problem}`,
		{ hint: "write one line of fstab(5), such as LABEL=data /var/lib/data ext4 defaults,nofail 0 2" },
	);
}
