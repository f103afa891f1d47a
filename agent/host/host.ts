import type {
	Action,
	FetchImage,
	JoinCluster,
	MakeDirectory,
	MakeSymlink,
	MoveTree,
	PutFile,
	RemoveFile,
	Spawn,
	WaitForPath,
} from "../plan/action.ts";

/**
 * A place where actions happen. Every method returns nothing or throws, so that the loop that calls them learns the same
 * from any host: two hosts receive the same actions in the same order up to the first failure.
 */
export interface Host {
	makeDirectory(action: MakeDirectory): Promise<void>;
	putFile(action: PutFile): Promise<void>;
	makeSymlink(action: MakeSymlink): Promise<void>;
	removeFile(action: RemoveFile): Promise<void>;
	spawn(action: Spawn): Promise<void>;
	fetchImage(action: FetchImage): Promise<void>;
	waitForPath(action: WaitForPath): Promise<void>;
	moveTree(action: MoveTree): Promise<void>;
	joinCluster(action: JoinCluster): Promise<void>;
}

/** Hands an action to the method of its kind. */
export function perform(host: Host, action: Action): Promise<void> {
	switch (action.kind) {
		case "makeDirectory":
			return host.makeDirectory(action);
		case "putFile":
			return host.putFile(action);
		case "makeSymlink":
			return host.makeSymlink(action);
		case "removeFile":
			return host.removeFile(action);
		case "spawn":
			return host.spawn(action);
		case "fetchImage":
			return host.fetchImage(action);
		case "waitForPath":
			return host.waitForPath(action);
		case "moveTree":
			return host.moveTree(action);
		case "joinCluster":
			return host.joinCluster(action);
	}
}
