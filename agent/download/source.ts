import { openFileSource } from "./file-source.ts";
import { openHttpSource } from "./http-source.ts";
import { openNbdSource } from "./nbd-source.ts";
import type { SourceAddress } from "./source-address.ts";

/** An open source: bytes of the image by offset, over one or several connections, which are its own affair. */
export interface Source {
	readonly sizeBytes: number;
	/** It may go on behind the end of the image: a disk is as large as it is. */
	readonly mayBeLonger?: true;
	/** While it stays the same, so do the bytes (an ETag). Undefined where the server tells nothing of the kind. */
	readonly identity?: string | undefined;
	/**
	 * How many reads at once keep it busy, at least 1. Asked again after every read: it may change.
	 *
	 * @param lengthBytes Of one read.
	 */
	wantedReads(lengthBytes: number): number;
	/**
	 * Fills `target` with the bytes from `offsetBytes` on. Several reads may run at once, any number.
	 * When the promise settles, nothing writes into `target` any more.
	 *
	 * @param onReceived Called with the number of bytes of each part that has arrived.
	 * @throws {NetherdError} When the source fails; after an error that concerns this read alone
	 *   ({@link isRefusedRead}) other reads go on, after any other error none.
	 */
	read(offsetBytes: number, target: Uint8Array, onReceived?: (bytes: number) => void): Promise<void>;
	/** Reads that still wait fail. */
	close(): Promise<void>;
}

/** Limits of one source, all times finite. */
export interface SourceLimits {
	/** For connecting, until the size of the image is known. */
	readonly connectTimeoutMs: number;
	/** A source that is asked for bytes and brings less than `stallFloorBytes` in this time has stalled. */
	readonly stallTimeoutMs: number;
	/** So many connections at once, where the server allows them; undefined: as many as pay, up to a few. */
	readonly connections?: number | undefined;
}

/**
 * Connects, and learns the image's size.
 *
 * @param signal Ends the source at any time.
 * @throws {NetherdError} The codes of the source's kind; the signal's reason when aborted.
 */
export function openSource(
	address: SourceAddress,
	limits: SourceLimits,
	signal: AbortSignal,
): Promise<Source> {
	switch (address.kind) {
		case "nbd":
			return openNbdSource(address, limits, signal);
		case "http":
			return openHttpSource(address, limits, signal);
		case "file":
			return openFileSource(address, limits);
	}
}
