import { changedFarmText, farmText } from "../../lib/farm-text.ts";

export const nodeCount = 200;

/** The two versions of the farm, by file. */
export const perMacFarmFiles = {
	"lts.conf": farmText(nodeCount),
	"lts-changed.conf": changedFarmText(nodeCount),
} as const;
