import type { ImageSource } from "../facts/image-location.ts";

/**
 * What a host can be asked to do: the smallest effects that netherd has. Plain data, so that a plan can be printed,
 * stored, compared and replayed. Paths are absolute within the root that the host works on. Everything but a mount is
 * idempotent.
 *
 * Strings may hold `{secret:NAME}`: the real host puts the secret in its place, everyone else sees only the name.
 */
export type Action = MakeDirectory | PutFile | MakeSymlink | RemoveFile | Spawn | FetchImage | WaitForPath;

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
	readonly sources: readonly ImageSource[];
	readonly destination: string;
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	/** SHA-256 of every chunk in order, hexadecimal; empty: the image is not verified. */
	readonly chunks: readonly string[];
	readonly stallTimeoutMs: number;
	readonly totalTimeoutMs: number;
}

/** Waits until a path exists. */
export interface WaitForPath extends Explained {
	readonly kind: "waitForPath";
	readonly path: string;
	readonly timeoutMs: number;
}
