import { readlinkSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fetchableImage } from "../../agent/download/manifest.ts";
import { type BootTree, type ReleasedImage, readReleasedImage, releasedImages } from "../boot-tree.ts";
import type { EventSink } from "../events.ts";
import type { VersionUses } from "../releases/version-uses.ts";
import { warningEvent } from "../warning-event.ts";
import type { Exports } from "./negotiation.ts";

/** The name under which LTSP 5's initramfs asks for its image; here it is the default image. */
const ltspExportName = "opt/ltsp/amd64";

/**
 * The exports: `NAME` for the current version of every released image, `NAME/VERSION` for a certain one, which is what
 * the boot script asks for, so that kernel, manifest and image of a node belong together even when a release comes in the
 * middle of its boot; and LTSP 5's name for the default image. Clients differ on the slash in front.
 *
 * nbdkit serves a folder of links `NAME@VERSION` (file plugin, dir=) and opens the file anew for each connection. A link
 * is made here when a client asks, for the version that is current at that moment. So a release is picked up by the next
 * connection without a restart, and a running download keeps the version that it began with.
 *
 * @param folder An existing folder, empty at first, that nbdkit serves.
 */
export function exportFolder(
	tree: Pick<BootTree, "folder" | "defaultImage">,
	folder: string,
	uses: VersionUses,
	emit: EventSink,
): Exports {
	const names = () => releasedImages(tree.folder);
	return {
		names,
		begin: ({ image, version }) => uses.begin(image, version),
		find(exportName) {
			const plain = exportName.startsWith("/") ? exportName.slice(1) : exportName;
			const [image = "", wanted, ...rest] = (plain === ltspExportName ? tree.defaultImage : plain).split("/");
			const known = rest.length > 0 || wanted === "" ? [] : names();
			if (!known.includes(image)) {
				return { refusal: `there is no such export; there are: ${names().join(", ")}` };
			}
			try {
				const released = readReleasedImage(tree.folder, image, wanted);
				const target = `${image}@${released.version}`;
				link(released, join(folder, target));
				uses.touch(image, released.version);
				return { exportName, image, version: released.version, target };
			} catch (error) {
				const warning = warningEvent(error);
				emit(warning);
				return { refusal: warning.message };
			}
		},
	};
}

function link(image: ReleasedImage, path: string): void {
	// The default throws.
	const { squashfs = fetchableImage(image.manifest).file } = image;
	if (currentTarget(path) === squashfs) return;
	const unfinished = `${path}.unfinished`;
	symlinkSync(squashfs, unfinished);
	renameSync(unfinished, path);
}

function currentTarget(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch {
		return undefined;
	}
}
