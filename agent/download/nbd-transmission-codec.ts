import { decodeText, expectLength, NbdProtocolError, readSafeNumber, viewOf } from "./nbd-codec.ts";

/** Lengths in bytes of the parts that have a fixed length. */
export const lengths = {
	simpleReply: 16,
	/** A structured reply header is as long as a simple reply and this. */
	restOfStructuredReply: 4,
	contentOffset: 8,
	holeSize: 4,
} as const;

const requestMagic = 0x25609513;
const simpleReplyMagic = 0x67446698;
const structuredReplyMagic = 0x668e33ef;

const commandType = { read: 0, disconnect: 2 } as const;
const structuredType = { none: 0, offsetData: 1, offsetHole: 2, error: 0x8001, errorOffset: 0x8002 } as const;

/** "Error values" */
const errorNames: Readonly<Record<number, string>> = {
	1: "EPERM",
	5: "EIO",
	12: "ENOMEM",
	22: "EINVAL",
	28: "ENOSPC",
	75: "EOVERFLOW",
	95: "ENOTSUP",
	108: "ESHUTDOWN",
};

/** "Request message" for NBD_CMD_READ. @param handle Below 2³²; the reply carries it. */
export function encodeReadRequest(handle: number, offsetBytes: number, lengthBytes: number): Uint8Array {
	return encodeRequest(commandType.read, handle, offsetBytes, lengthBytes);
}

/** "Terminating the transmission phase": NBD_CMD_DISC, which has no reply. */
export function encodeDisconnectRequest(): Uint8Array {
	return encodeRequest(commandType.disconnect, 0, 0, 0);
}

function encodeRequest(type: number, handle: number, offsetBytes: number, lengthBytes: number): Uint8Array {
	const bytes = new Uint8Array(28);
	const view = viewOf(bytes);
	view.setUint32(0, requestMagic);
	view.setUint16(6, type);
	view.setUint32(12, handle);
	view.setUint32(16, Math.floor(offsetBytes / 2 ** 32));
	view.setUint32(20, offsetBytes % 2 ** 32);
	view.setUint32(24, lengthBytes);
	return bytes;
}

/** The start of a reply: a whole simple reply, or a structured one whose last 4 bytes (payload length) follow. */
export type ReplyHead =
	| { readonly kind: "simple"; readonly handle: number; readonly errorNumber: number }
	| {
			readonly kind: "structured";
			readonly handle: number;
			readonly chunk: "none" | "data" | "hole" | "error";
			readonly isLast: boolean;
	  };

/** "Simple reply message" and "Structured reply chunk message", the 16 bytes that both have. */
export function decodeReplyHead(bytes: Uint8Array): ReplyHead {
	const view = viewOf(expectLength(bytes, lengths.simpleReply, "reply"));
	const magic = view.getUint32(0);
	if (magic !== simpleReplyMagic && magic !== structuredReplyMagic) {
		throw new NbdProtocolError(`reply with magic 0x${magic.toString(16)}`);
	}
	// Our handles are below 2³², so a reply with a bit above is not an answer to us.
	if (view.getUint32(8) !== 0) throw new NbdProtocolError("reply with a handle that we never sent");
	const handle = view.getUint32(12);
	if (magic === simpleReplyMagic) return { kind: "simple", handle, errorNumber: view.getUint32(4) };
	const isLast = (view.getUint16(4) & 1) !== 0;
	return { kind: "structured", handle, chunk: decodeChunkType(view.getUint16(6)), isLast };
}

/** "Structured reply types": any unknown type with bit 15 set is an error chunk. */
function decodeChunkType(type: number): "none" | "data" | "hole" | "error" {
	if (type === structuredType.none) return "none";
	if (type === structuredType.offsetData) return "data";
	if (type === structuredType.offsetHole) return "hole";
	if ((type & 0x8000) !== 0) return "error";
	throw new NbdProtocolError(`structured reply of type ${type}`);
}

/** The 4 bytes after a structured reply's head. */
export function decodePayloadLength(bytes: Uint8Array): number {
	return viewOf(expectLength(bytes, lengths.restOfStructuredReply, "payload length")).getUint32(0);
}

/** The offset that begins NBD_REPLY_TYPE_OFFSET_DATA and NBD_REPLY_TYPE_OFFSET_HOLE. */
export function decodeContentOffset(bytes: Uint8Array): number {
	return readSafeNumber(
		viewOf(expectLength(bytes, lengths.contentOffset, "chunk offset")),
		0,
		"chunk offset",
	);
}

/** The length that ends NBD_REPLY_TYPE_OFFSET_HOLE. */
export function decodeHoleSize(bytes: Uint8Array): number {
	return viewOf(expectLength(bytes, lengths.holeSize, "hole size")).getUint32(0);
}

/** The payload of every error chunk: number and the server's words. */
export function decodeErrorChunk(payload: Uint8Array): { errorNumber: number; message: string } {
	if (payload.length < 6) throw new NbdProtocolError(`error chunk of ${payload.length} bytes`);
	const view = viewOf(payload);
	const messageLength = view.getUint16(4);
	if (messageLength > payload.length - 6)
		throw new NbdProtocolError("error chunk with a message longer than itself");
	return { errorNumber: view.getUint32(0), message: decodeText(payload.subarray(6, 6 + messageLength)) };
}

/** `EIO` for 5; `error 7` for numbers that the protocol does not name. */
export function errorName(errorNumber: number): string {
	return errorNames[errorNumber] ?? `error ${errorNumber}`;
}

/** The server says that it is going away. */
export function isShutdown(errorNumber: number): boolean {
	return errorNumber === 108;
}
