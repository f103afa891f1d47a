import type { Host } from "../../agent/host/host.ts";
import { linuxHost } from "../../agent/host/linux-host.ts";
import type { Action } from "../../agent/plan/action.ts";

/**
 * A host that notes every action, and does those that are files, folders and links, for real, below a root. Programs are
 * not run, nothing is fetched or waited for.
 */
export function recordingHost(root: string, secrets: Readonly<Record<string, string>> = {}) {
	const seen: Action[] = [];
	const real = linuxHost({ root, secrets, progress: () => undefined, output: () => undefined });
	const noted = async (action: Action) => void seen.push(action);
	const host: Host = {
		makeDirectory: async (action) => {
			await noted(action);
			await real.makeDirectory(action);
		},
		putFile: async (action) => {
			await noted(action);
			await real.putFile(action);
		},
		makeSymlink: async (action) => {
			await noted(action);
			await real.makeSymlink(action);
		},
		removeFile: async (action) => {
			await noted(action);
			await real.removeFile(action);
		},
		spawn: noted,
		fetchImage: noted,
		waitForPath: noted,
		moveTree: noted,
		joinCluster: noted,
	};
	return { host, seen };
}
