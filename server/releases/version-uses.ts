import { join } from "node:path";
import type { EventSink } from "../events.ts";
import { warningEvent } from "../warning-event.ts";
import { type FolderLock, lockShared } from "./folder-lock.ts";

/** From boot script to image a node takes a minute; one that fails tries again for half an hour at most. */
const defaultLingerMs = 30 * 60_000;
/** Whoever has it alone looks and goes, or removes it, which takes a moment. */
const waitSeconds = 5;

interface Use {
	/** Those who read it now. */
	readers: number;
	/** Runs when nobody reads. */
	ending: NodeJS.Timeout | undefined;
	readonly lock: Promise<FolderLock | undefined>;
}

/**
 * The versions of images that nodes read, each locked (folder-lock.ts), so that no command removes one: for as long as
 * somebody reads it and half an hour after, because a node that has its kernel will come back for its image.
 */
export class VersionUses {
	readonly #folder: string;
	readonly #flock: string;
	readonly #emit: EventSink;
	readonly #lingerMs: number;
	readonly #uses = new Map<string, Use>();
	#kept: readonly (() => void)[] = [];

	/** @param folder DIR */
	constructor(folder: string, flock: string, emit: EventSink, lingerMs = defaultLingerMs) {
		this.#folder = folder;
		this.#flock = flock;
		this.#emit = emit;
		this.#lingerMs = lingerMs;
	}

	/** Somebody begins to read. @returns To be called once, when it ends. */
	begin(image: string, version: string): () => void {
		const key = join(image, version);
		const use = this.#uses.get(key) ?? this.#lock(key);
		use.readers += 1;
		clearTimeout(use.ending);
		let isOver = false;
		return () => {
			if (isOver) return;
			isOver = true;
			use.readers -= 1;
			if (use.readers > 0) return;
			use.ending = setTimeout(() => this.#unlock(key, use), this.#lingerMs);
			use.ending.unref();
		};
	}

	/** Somebody was told to come for it. */
	touch(image: string, version: string): void {
		this.begin(image, version)();
	}

	/** Versions that nobody may remove, whether they are read or not; those of the last call are no longer kept. */
	keep(versions: readonly { readonly image: string; readonly version: string }[]): void {
		const before = this.#kept;
		this.#kept = versions.map(({ image, version }) => this.begin(image, version));
		for (const end of before) end();
	}

	/** Returns when the version is locked, or cannot be. */
	async locked(image: string, version: string): Promise<void> {
		await this.#uses.get(join(image, version))?.lock;
	}

	/** Gives everything back. */
	async stop(): Promise<void> {
		for (const [key, use] of this.#uses) {
			clearTimeout(use.ending);
			this.#unlock(key, use);
			await use.lock;
		}
	}

	#lock(key: string): Use {
		const lock = lockShared(this.#flock, join(this.#folder, "images", key), waitSeconds).catch(
			(error: unknown) => {
				// A node still gets what it asked for, as long as it is there.
				this.#emit(warningEvent(error));
				return undefined;
			},
		);
		const use: Use = { readers: 0, ending: undefined, lock };
		this.#uses.set(key, use);
		return use;
	}

	#unlock(key: string, use: Use): void {
		if (this.#uses.get(key) === use) this.#uses.delete(key);
		void use.lock.then((lock) => lock?.close());
	}
}
