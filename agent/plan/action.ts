import type { SourceAddress, SourceUse } from "../download/source-address.ts";

/**
 * What a host can be asked to do: the smallest effects that netherd has. Plain data, so that a plan can be printed,
 * stored, compared and replayed. Paths are absolute within the root that the host works on. Everything but a mount is
 * idempotent.
 *
 * Strings may hold `{secret:NAME}`: the real host puts the secret in its place, everyone else sees only the name.
 */
export type Action =
	| MakeDirectory
	| PutFile
	| MakeSymlink
	| RemoveFile
	| Spawn
	| FetchImage
	| WaitForPath
	| MoveTree
	| JoinCluster;

export type ActionKind = Action["kind"];

interface Explained {
	/** Why it is done: the key of lts.conf and its place, e.g. `FSTAB_01_SSH (lts.conf:14)`. */
	readonly because?: string | undefined;
}

/** Makes a folder and its parents. */
export interface MakeDirectory extends Explained {
	readonly kind: "makeDirectory";
	readonly path: string;
	/** Octal text, e.g. `0755`; applies to folders that are new. */
	readonly mode: string;
}

/** Writes a whole file, atomically (new file, then rename), making its folder. */
export interface PutFile extends Explained {
	readonly kind: "putFile";
	readonly path: string;
	/** Octal text, e.g. `0644`. */
	readonly mode: string;
	readonly content: string;
}

/** Makes or replaces a symbolic link, making its folder. */
export interface MakeSymlink extends Explained {
	readonly kind: "makeSymlink";
	readonly path: string;
	readonly target: string;
}

/** Removes one file or link; nothing happens when it is not there. */
export interface RemoveFile extends Explained {
	readonly kind: "removeFile";
	readonly path: string;
}

/** Runs one program to its end, inside the host's root; any exit code but 0 is a failure. */
export interface Spawn extends Explained {
	readonly kind: "spawn";
	readonly argv: readonly [string, ...string[]];
	/** Added to a minimal environment (PATH, HOME). */
	readonly environment?: Readonly<Record<string, string>>;
	/** The program is ended, and the action fails, after this long. */
	readonly timeoutMs: number;
}

/** Brings the root image into a file on a mounted tmpfs. */
export interface FetchImage extends Explained {
	readonly kind: "fetchImage";
	/** In order of preference. */
	readonly sources: readonly SourceAddress[];
	/** `in-order`: a source is used while none before it works. `together`: all at once. */
	readonly use: SourceUse;
	/** To each source, where it allows several; undefined: the engine finds out how many pay. */
	readonly connections?: number | undefined;
	readonly destination: string;
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	/** SHA-256 of every chunk in order, hexadecimal; empty: the image is not verified. */
	readonly chunks: readonly string[];
	/** A source that brings nearly nothing for so long is set aside. */
	readonly stallTimeoutMs: number;
	/** For everything, repetitions included. */
	readonly totalTimeoutMs: number;
}

/** Waits until a path exists. */
export interface WaitForPath extends Explained {
	readonly kind: "waitForPath";
	readonly path: string;
	readonly timeoutMs: number;
}

/** Moves all that is in a folder into another, on another file system: file by file, so that it is in memory once. */
export interface MoveTree extends Explained {
	readonly kind: "moveTree";
	readonly from: string;
	readonly to: string;
	/** Of all files, for people. */
	readonly sizeBytes: number;
}

/** Makes this machine a node of a Kubernetes cluster: attempts until it is one, the node's time is over, or none can help. */
export interface JoinCluster extends Explained {
	readonly kind: "joinCluster";
	/** Tried in turn. None: the machine is a node already, and is only looked at. */
	readonly attempts: readonly JoinAttempt[];
	/** Public key pins of the cluster's CA, `sha256:…`; empty where the operator's own configuration does without. */
	readonly caCertHashes: readonly string[];
	readonly token: JoinTokenSource;
	/** As the node registers: an RFC 1123 subdomain in lower case. */
	readonly nodeName: string;
	/** Absolute paths of container runtimes' sockets; one that answers will do. */
	readonly criSockets: readonly string[];
	/** What the Node object is to have in the end, as lts.conf says. */
	readonly labels: Readonly<Record<string, string>>;
	readonly taints: readonly Taint[];
	/** One run of kubeadm is ended after this long. */
	readonly attemptTimeoutMs: number;
	/** No attempt begins after this long; absent: there is no end. */
	readonly timeoutMs?: number;
}

export interface JoinAttempt {
	/** `HOST:PORT`, `[IPV6]:PORT`; absent where only a kubeconfig of the operator's knows it. */
	readonly endpoint?: string;
	/** File with the JoinConfiguration for it, as JSON. */
	readonly configuration: string;
}

/**
 * `configuration`: the files hold the token. Else they hold `{secret:join-token}` in its place, and the token is read
 * before every attempt, so that a renewed one is used.
 */
export type JoinTokenSource =
	| { readonly from: "configuration" }
	| { readonly from: "file"; readonly path: string }
	| { readonly from: "server"; readonly url: string };

/** v1.Taint of the Kubernetes API. */
export interface Taint {
	readonly key: string;
	readonly value?: string;
	readonly effect: TaintEffect;
}

export type TaintEffect = "NoSchedule" | "PreferNoSchedule" | "NoExecute";
