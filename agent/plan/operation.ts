import { initramfsPrograms, nodePrograms, stateFolder } from "../paths.ts";
import type { Action, FetchImage, JoinCluster, MoveTree, Spawn } from "./action.ts";

/**
 * What a step says that should happen, in the terms in which a reader thinks. A closed union; each member is lowered to
 * actions by one entry of the table below, and the compiler asks for the entry when a member is added.
 */
export type Operation = (
	| { readonly kind: "makeDirectory"; readonly path: string; readonly mode?: string }
	| { readonly kind: "writeFile"; readonly path: string; readonly content: string; readonly mode?: string }
	| { readonly kind: "link"; readonly path: string; readonly target: string }
	| { readonly kind: "removeFile"; readonly path: string }
	| Mount
	| { readonly kind: "unmount"; readonly where: string }
	| { readonly kind: "loadModule"; readonly name: string; readonly parameters?: readonly string[] }
	| Omit<FetchImage, "because">
	| AttachNetworkBlockDevice
	| Omit<Spawn, "because">
	| RunShell
	| {
			readonly kind: "installUnit";
			readonly name: string;
			readonly content: string;
			readonly wantedBy: string;
	  }
	| { readonly kind: "maskUnit"; readonly name: string }
	| { readonly kind: "waitForPath"; readonly path: string; readonly timeoutMs: number }
	| Omit<MoveTree, "because">
	| Omit<JoinCluster, "because">
) & {
	/** Why: the key of lts.conf and its place. */
	readonly because?: string | undefined;
};

/** mount(8); the mount point is made first. */
interface Mount {
	readonly kind: "mount";
	/** Device, file or word such as `tmpfs`. */
	readonly what: string;
	readonly where: string;
	/** File system, or `bind` or `rbind`. */
	readonly type: string;
	readonly options?: readonly string[];
}

/** nbd-client(8): an image that stays on the server. */
interface AttachNetworkBlockDevice {
	readonly kind: "attachNetworkBlockDevice";
	readonly host: string;
	readonly port: number;
	readonly exportName: string;
	readonly device: string;
}

/** An operator's shell lines: kept as a script that can be read afterwards, then run. */
interface RunShell {
	readonly kind: "runShell";
	/** Names the script file. */
	readonly name: string;
	readonly script: string;
	readonly environment: Readonly<Record<string, string>>;
	readonly timeoutMs: number;
}

const programTimeoutMs = 60_000;

type OperationOf<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

const lowerings: {
	readonly [Kind in Operation["kind"]]: (operation: OperationOf<Kind>) => readonly Action[];
} = {
	makeDirectory: ({ path, mode }) => [{ kind: "makeDirectory", path, mode: mode ?? "0755" }],
	writeFile: ({ path, content, mode }) => [{ kind: "putFile", path, mode: mode ?? "0644", content }],
	link: ({ path, target }) => [{ kind: "makeSymlink", path, target }],
	removeFile: ({ path }) => [{ kind: "removeFile", path }],
	mount: ({ what, where, type, options }) => [
		{ kind: "makeDirectory", path: where, mode: "0755" },
		spawn(initramfsPrograms.mount, ...mountArguments(type, options ?? []), what, where),
	],
	unmount: ({ where }) => [spawn(nodePrograms.umount, where)],
	loadModule: ({ name, parameters }) => [spawn(initramfsPrograms.modprobe, name, ...(parameters ?? []))],
	fetchImage: (operation) => [operation],
	attachNetworkBlockDevice: ({ host, port, exportName, device }) => [
		spawn(
			initramfsPrograms.nbdClient,
			host,
			String(port),
			device,
			"-name",
			exportName,
			"-readonly",
			"-systemd-mark",
		),
	],
	spawn: (operation) => [operation],
	runShell: ({ name, script, environment, timeoutMs }) => {
		const path = `${stateFolder}/init/${name}.sh`;
		return [
			{ kind: "putFile", path, mode: "0700", content: `${script}\n` },
			{ kind: "spawn", argv: [nodePrograms.sh, path], environment, timeoutMs },
		];
	},
	installUnit: ({ name, content, wantedBy }) => [
		{ kind: "putFile", path: `/etc/systemd/system/${name}`, mode: "0644", content },
		{ kind: "makeSymlink", path: `/etc/systemd/system/${wantedBy}.wants/${name}`, target: `../${name}` },
	],
	maskUnit: ({ name }) => [{ kind: "makeSymlink", path: `/etc/systemd/system/${name}`, target: "/dev/null" }],
	waitForPath: (operation) => [operation],
	moveTree: (operation) => [operation],
	joinCluster: (operation) => [operation],
};

/** The actions of one operation, each with the operation's reason. */
export function lower(operation: Operation): readonly Action[] {
	return lowerAny(operation).map(({ because: _, ...action }) =>
		operation.because === undefined
			? (action as Action)
			: ({ ...action, because: operation.because } as Action),
	);
}

function lowerAny<Kind extends Operation["kind"]>(operation: OperationOf<Kind>): readonly Action[] {
	const lowering = lowerings[operation.kind as Kind] as (operation: OperationOf<Kind>) => readonly Action[];
	return lowering(operation);
}

function mountArguments(type: string, options: readonly string[]): string[] {
	const kind = type === "bind" || type === "rbind" ? ["-o", [type, ...options].join(",")] : ["-t", type];
	return kind[0] === "-t" && options.length > 0 ? [...kind, "-o", options.join(",")] : kind;
}

function spawn(...argv: [string, ...string[]]): Action {
	return { kind: "spawn", argv, timeoutMs: programTimeoutMs };
}
