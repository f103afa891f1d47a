import { decodeText, expectLength, hexOf, NbdProtocolError, readSafeNumber, viewOf } from "./nbd-codec.ts";

/** Lengths in bytes of the parts that have a fixed length. */
export const lengths = {
	magic: 8,
	restOfGreeting: 10,
	optionReplyHeader: 20,
	exportNameReply: 10,
	exportNameReplyZeroes: 124,
} as const;

/** The largest request that every server takes when it does not tell its own limit ("Block size constraints"). */
export const defaultMaximumPayloadBytes = 32 * 1024 * 1024;

const passwordMagic = 0x4e42444d41474943n; // "NBDMAGIC"
const optionMagic = 0x49484156454f5054n; // "IHAVEOPT"
const oldstyleMagic = 0x00420281861253n;
const optionReplyMagic = 0x0003e889045565a9n;

/** "Option types" */
export const option = { exportName: 1, abort: 2, list: 3, go: 7, structuredReply: 8 } as const;

/** "Option reply types" */
export const optionReply = {
	acknowledged: 1,
	server: 2,
	info: 3,
	unsupported: 0x8000_0001,
	policy: 0x8000_0002,
	invalid: 0x8000_0003,
	platform: 0x8000_0004,
	tlsRequired: 0x8000_0005,
	unknownExport: 0x8000_0006,
	shuttingDown: 0x8000_0007,
	blockSizeRequired: 0x8000_0008,
	tooBig: 0x8000_0009,
} as const;

const infoType = { export: 0, blockSize: 3 } as const;
const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const;
const transmissionFlag = { readOnly: 1 << 1, canMultiConnection: 1 << 8 } as const;

/** The first 8 bytes of every NBD server ("Newstyle negotiation"). */
export function isPasswordMagic(bytes: Uint8Array): boolean {
	return bytes.length >= lengths.magic && viewOf(bytes).getBigUint64(0) === passwordMagic;
}

export interface Greeting {
	/** False for the negotiation that ended with nbd 2.9.16. */
	readonly newstyle: boolean;
	/** The server answers options other than NBD_OPT_EXPORT_NAME. */
	readonly fixedNewstyle: boolean;
	readonly noZeroes: boolean;
}

/** The 10 bytes after the first magic: the second one and the "Handshake flags". */
export function decodeGreeting(bytes: Uint8Array): Greeting {
	const view = viewOf(expectLength(bytes, lengths.restOfGreeting, "greeting"));
	const magic = view.getBigUint64(0);
	if (magic === oldstyleMagic) return { newstyle: false, fixedNewstyle: false, noZeroes: false };
	if (magic !== optionMagic) throw new NbdProtocolError(`greeting with second magic ${hexOf(magic)}`);
	const flags = view.getUint16(8);
	return {
		newstyle: true,
		fixedNewstyle: (flags & handshakeFlag.fixedNewstyle) !== 0,
		noZeroes: (flags & handshakeFlag.noZeroes) !== 0,
	};
}

/** "Client flags": what the server offered and we know. */
export function encodeClientFlags(greeting: Greeting): Uint8Array {
	const bytes = new Uint8Array(4);
	const flags =
		(greeting.fixedNewstyle ? handshakeFlag.fixedNewstyle : 0) |
		(greeting.noZeroes ? handshakeFlag.noZeroes : 0);
	viewOf(bytes).setUint32(0, flags);
	return bytes;
}

/** An option of the negotiation ("Newstyle negotiation", generic format). */
export function encodeOption(type: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
	const bytes = new Uint8Array(16 + data.length);
	const view = viewOf(bytes);
	view.setBigUint64(0, optionMagic);
	view.setUint32(8, type);
	view.setUint32(12, data.length);
	bytes.set(data, 16);
	return bytes;
}

/** NBD_OPT_GO: use this export from now on, and tell its block sizes. */
export function encodeGo(exportName: string): Uint8Array {
	const name = new TextEncoder().encode(exportName);
	const data = new Uint8Array(4 + name.length + 4);
	const view = viewOf(data);
	view.setUint32(0, name.length);
	data.set(name, 4);
	view.setUint16(4 + name.length, 1);
	view.setUint16(6 + name.length, infoType.blockSize);
	return encodeOption(option.go, data);
}

/** NBD_OPT_EXPORT_NAME: the same for servers that do not know NBD_OPT_GO; they close the connection to refuse. */
export function encodeExportName(exportName: string): Uint8Array {
	return encodeOption(option.exportName, new TextEncoder().encode(exportName));
}

export interface OptionReplyHeader {
	readonly option: number;
	readonly type: number;
	readonly lengthBytes: number;
}

/** "Fixed newstyle negotiation": the header of a reply to an option; `lengthBytes` of data follow. */
export function decodeOptionReplyHeader(bytes: Uint8Array): OptionReplyHeader {
	const view = viewOf(expectLength(bytes, lengths.optionReplyHeader, "option reply"));
	const magic = view.getBigUint64(0);
	if (magic !== optionReplyMagic) throw new NbdProtocolError(`option reply with magic ${hexOf(magic)}`);
	return { option: view.getUint32(8), type: view.getUint32(12), lengthBytes: view.getUint32(16) };
}

/** The name in an NBD_REP_SERVER reply. */
export function decodeListedExport(data: Uint8Array): string {
	if (data.length < 4) throw new NbdProtocolError("list entry without a name length");
	const nameLength = viewOf(data).getUint32(0);
	if (nameLength > data.length - 4)
		throw new NbdProtocolError("list entry with a name longer than the entry");
	return decodeText(data.subarray(4, 4 + nameLength));
}

/** What the server tells about an export. */
export interface ExportFacts {
	readonly sizeBytes: number;
	readonly readOnly: boolean;
	/** NBD_FLAG_CAN_MULTI_CONN: several connections show the same data. */
	readonly canMultiConnection: boolean;
}

export interface BlockSizes {
	/** Offsets and lengths of requests are multiples of this. */
	readonly minimumBytes: number;
	readonly preferredBytes: number;
	/** No request is longer. */
	readonly maximumPayloadBytes: number;
}

/** The data of an NBD_REP_INFO reply; undefined for information that we do not use. */
export function decodeInfo(data: Uint8Array): ExportFacts | BlockSizes | undefined {
	if (data.length < 2) throw new NbdProtocolError("NBD_REP_INFO without a type");
	const type = viewOf(data).getUint16(0);
	if (type === infoType.export)
		return decodeExportFacts(expectLength(data, 12, "NBD_INFO_EXPORT").subarray(2));
	if (type === infoType.blockSize) return decodeBlockSizes(expectLength(data, 14, "NBD_INFO_BLOCK_SIZE"));
	return undefined;
}

/** Size and "Transmission flags", as NBD_INFO_EXPORT and NBD_OPT_EXPORT_NAME give them. */
export function decodeExportFacts(bytes: Uint8Array): ExportFacts {
	const view = viewOf(expectLength(bytes, lengths.exportNameReply, "export information"));
	const flags = view.getUint16(8);
	return {
		sizeBytes: readSafeNumber(view, 0, "export size"),
		readOnly: (flags & transmissionFlag.readOnly) !== 0,
		canMultiConnection: (flags & transmissionFlag.canMultiConnection) !== 0,
	};
}

/** "Block size constraints": the minimum is a power of two up to 64 KiB, the maximum at least a minimum. */
function decodeBlockSizes(data: Uint8Array): BlockSizes {
	const view = viewOf(data);
	const minimumBytes = view.getUint32(2);
	const preferredBytes = view.getUint32(6);
	const maximumPayloadBytes = view.getUint32(10);
	const isPowerOfTwo = minimumBytes > 0 && (minimumBytes & (minimumBytes - 1)) === 0;
	if (!isPowerOfTwo || minimumBytes > 65_536 || maximumPayloadBytes < minimumBytes) {
		throw new NbdProtocolError(
			`block sizes ${minimumBytes}/${preferredBytes}/${maximumPayloadBytes} (minimum/preferred/maximum)`,
		);
	}
	return { minimumBytes, preferredBytes, maximumPayloadBytes };
}
