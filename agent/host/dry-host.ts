import type { Action } from "../plan/action.ts";
import type { Host } from "./host.ts";

/** The host of `--dry-run`: shows each action instead of doing it. */
export function dryHost(show: (action: Action) => void): Host {
	const shown = async (action: Action) => show(action);
	return {
		makeDirectory: shown,
		putFile: shown,
		makeSymlink: shown,
		removeFile: shown,
		spawn: shown,
		fetchImage: shown,
		waitForPath: shown,
		moveTree: shown,
		joinCluster: shown,
	};
}
