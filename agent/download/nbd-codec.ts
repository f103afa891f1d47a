/**
 * What the codecs of the handshake (nbd-handshake-codec.ts) and of the transmission (nbd-transmission-codec.ts) share.
 * Both are pure functions without state. Section names in the comments
 * are those of https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md. All numbers are big-endian.
 */

/** The other side sent bytes that the protocol does not allow. The only error that decoding throws. */
export class NbdProtocolError extends Error {
	override readonly name = "NbdProtocolError";
}

/** A string of the protocol: UTF-8, wrong bytes replaced. */
export function decodeText(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes);
}

/** A number of 8 bytes. */
export function readSafeNumber(view: DataView, offset: number, what: string): number {
	const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
	if (!Number.isSafeInteger(value)) throw new NbdProtocolError(`${what} of 2⁵³ bytes or more`);
	return value;
}

export function expectLength(bytes: Uint8Array, length: number, what: string): Uint8Array {
	if (bytes.length === length) return bytes;
	throw new NbdProtocolError(`${what} of ${bytes.length} bytes instead of ${length}`);
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function hexOf(value: bigint): string {
	return `0x${value.toString(16).padStart(16, "0")}`;
}
