import { describeServer, type NbdAddress } from "./nbd-errors.ts";
import { openNbdSource } from "./nbd-source.ts";

/** Where an image can be had. Later kinds (HTTP, files) join this union. */
export type SourceAddress = { readonly kind: "nbd" } & NbdAddress;

/** An open source: bytes of the image by offset. */
export interface Source {
	readonly sizeBytes: number;
	/** More than one of these may be open at once and show the same bytes. */
	readonly canMultiConnection: boolean;
	/**
	 * Fills `target` with the bytes from `offsetBytes` on. Several reads may run at once; they are pipelined.
	 * When the promise settles, nothing writes into `target` any more.
	 *
	 * @param onReceived Called with the number of bytes of each part that has arrived.
	 * @throws {NetherdError} When the source fails; after an error reply other reads go on, after any other error none.
	 */
	read(offsetBytes: number, target: Uint8Array, onReceived?: (bytes: number) => void): Promise<void>;
	/** Reads that still wait fail. */
	close(): Promise<void>;
}

/** Limits of one source, all finite. */
export interface SourceLimits {
	readonly connectTimeoutMs: number;
	readonly stallTimeoutMs: number;
}

/** @throws {NetherdError} The codes of the source's kind. */
export function openSource(
	address: SourceAddress,
	limits: SourceLimits,
	signal: AbortSignal,
): Promise<Source> {
	return openNbdSource(address, limits, signal);
}

/** `nbd://192.0.2.1:10809/name`, for messages. */
export function describeSource(address: SourceAddress): string {
	return `nbd://${describeServer(address)}/${address.exportName.replace(/^\//, "")}`;
}
