import { posix } from "node:path";
import { NetherdError } from "../errors.ts";
import { initramfsPrograms } from "../paths.ts";
import type { Action, JoinCluster } from "./action.ts";
import type { StagePlan } from "./plan.ts";
import { actionLine } from "./render.ts";

type Entry = "folder" | "file" | "link";

/**
 * Walks a plan over a toy file system before anything of it runs, and refuses one that can't mean what it says: a path
 * that is not plain and absolute, something written where a later mount hides it, an image fetched to a place where
 * nothing is mounted, a file where a folder is needed.
 *
 * @throws {NetherdError} `plan.impossible`, naming the step and the action.
 */
export function checkPlan(plan: StagePlan): void {
	const entries = new Map<string, Entry>();
	const mounts = new Set<string>();
	for (const step of plan.steps) {
		for (const action of step.actions) {
			const problem = problemOf(action, entries, mounts);
			if (problem !== undefined) {
				throw new NetherdError(
					"plan.impossible",
					`${plan.name}/${step.name}: ${actionLine(action).replace(/ {2,}/g, " ")}: ${problem}`,
					{
						hint:
							action.because === undefined
								? "this is a bug; please report it with facts.json"
								: `look at ${action.because}`,
					},
				);
			}
		}
	}
}

function problemOf(action: Action, entries: Map<string, Entry>, mounts: Set<string>): string | undefined {
	switch (action.kind) {
		case "makeDirectory":
			return problemOfPath(action.path) ?? place(action.path, "folder", entries);
		case "putFile":
			return problemOfPath(action.path) ?? place(action.path, "file", entries);
		case "makeSymlink":
			return problemOfPath(action.path) ?? place(action.path, "link", entries);
		case "removeFile":
			entries.delete(action.path);
			return problemOfPath(action.path);
		case "waitForPath":
			return problemOfPath(action.path);
		case "fetchImage":
			return (
				problemOfPath(action.destination) ??
				([...mounts].some((mount) => isWithin(action.destination, mount))
					? place(action.destination, "file", entries)
					: "nothing is mounted there, so it would fill the initramfs")
			);
		case "moveTree":
			return (
				problemOfPath(action.from) ??
				problemOfPath(action.to) ??
				(mounts.has(action.to) ? undefined : "nothing is mounted there, so it would stay in the initramfs")
			);
		case "joinCluster":
			return problemOfJoin(action, entries);
		case "spawn":
			return action.argv[0] === initramfsPrograms.mount
				? mount(action.argv.at(-1) ?? "", entries, mounts)
				: undefined;
	}
}

function problemOfJoin({ attempts }: JoinCluster, entries: Map<string, Entry>): string | undefined {
	const missing = attempts.find(({ configuration }) => entries.get(configuration) !== "file");
	return missing === undefined ? undefined : `no action before it wrote ${missing.configuration}`;
}

function problemOfPath(path: string): string | undefined {
	if (!path.startsWith("/") || path.includes("\0")) return "the path is not absolute";
	return posix.normalize(path) === path ? undefined : "the path has .., . or empty parts";
}

function place(path: string, entry: Entry, entries: Map<string, Entry>): string | undefined {
	for (let parent = posix.dirname(path); parent !== "/"; parent = posix.dirname(parent)) {
		if (entries.get(parent) === "file") return `${parent} is a file by then`;
	}
	if (entry !== "folder" && entries.get(path) === "folder") return "there is a folder of that name by then";
	if (entry === "folder" && entries.get(path) === "file") return "there is a file of that name by then";
	entries.set(path, entry);
	return undefined;
}

function mount(where: string, entries: Map<string, Entry>, mounts: Set<string>): string | undefined {
	const hidden = [...entries].find(([path, entry]) => entry !== "folder" && isWithin(path, where));
	if (hidden !== undefined) return `it hides ${hidden[0]}, which was made before`;
	mounts.add(where);
	return problemOfPath(where);
}

function isWithin(path: string, folder: string): boolean {
	return path === folder || path.startsWith(`${folder}/`);
}
