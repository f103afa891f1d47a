/**
 * The bytes that an NBD client sends before it reads data: flags, then options. Pure functions. Section names in the
 * comments are those of https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md. All numbers are big-endian.
 */

/** "Option types", those that name an export or are answered here. */
export const optionType = {
	exportName: 1,
	list: 3,
	info: 6,
	go: 7,
	listMetaContext: 9,
	setMetaContext: 10,
} as const;

/** "Option reply types" */
export const replyType = {
	acknowledged: 1,
	server: 2,
	invalid: 0x8000_0003,
	unknownExport: 0x8000_0006,
} as const;

/** Client flags that follow the server's greeting ("Newstyle negotiation"). */
export const clientFlagsBytes = 4;

/** Magic, option, length of the data ("Option haggling"). */
export const optionHeaderBytes = 16;

/** "Strings in NBD are at most 4096 bytes"; a list of contexts may be longer, but not without end. */
export const maximumOptionBytes = 64 * 1024;

const optionMagic = 0x49484156454f5054n; // "IHAVEOPT"
const replyMagic = 0x0003e889045565a9n;
const maximumNameBytes = 4096;

export interface ClientOption {
	readonly type: number;
	readonly data: Buffer;
}

/** @returns Undefined when this is not an option but the first request ("Transmission phase"). */
export function decodeOptionHeader(bytes: Buffer): { type: number; dataBytes: number } | undefined {
	if (bytes.readBigUInt64BE(0) !== optionMagic) return undefined;
	return { type: bytes.readUInt32BE(8), dataBytes: bytes.readUInt32BE(12) };
}

export function encodeOption({ type, data }: ClientOption): Buffer {
	const header = Buffer.alloc(optionHeaderBytes);
	header.writeBigUInt64BE(optionMagic, 0);
	header.writeUInt32BE(type, 8);
	header.writeUInt32BE(data.length, 12);
	return Buffer.concat([header, data]);
}

/** Options that name an export, with the name taken out. */
export interface NamedOption {
	readonly exportName: string;
	/** The same option for another export. */
	renamed(exportName: string): ClientOption;
}

/**
 * @returns Undefined for an option that names no export, "malformed" when the data does not hold the name that it
 *   announces.
 */
export function readNamedOption(option: ClientOption): NamedOption | "malformed" | undefined {
	const { type, data } = option;
	switch (type) {
		case optionType.exportName:
			if (data.length > maximumNameBytes) return "malformed";
			return {
				exportName: data.toString("utf8"),
				renamed: (name) => ({ type, data: Buffer.from(name, "utf8") }),
			};
		case optionType.info:
		case optionType.go:
		case optionType.listMetaContext:
		case optionType.setMetaContext: {
			if (data.length < 4) return "malformed";
			const nameBytes = data.readUInt32BE(0);
			if (nameBytes > maximumNameBytes || data.length < 4 + nameBytes) return "malformed";
			return {
				exportName: data.toString("utf8", 4, 4 + nameBytes),
				renamed: (name) => ({
					type,
					data: Buffer.concat([encodeText(name), data.subarray(4 + nameBytes)]),
				}),
			};
		}
		default:
			return undefined;
	}
}

/** The server's answer to an option ("Option haggling"). */
export function encodeReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
	const header = Buffer.alloc(20);
	header.writeBigUInt64BE(replyMagic, 0);
	header.writeUInt32BE(option, 8);
	header.writeUInt32BE(type, 12);
	header.writeUInt32BE(data.length, 16);
	return Buffer.concat([header, data]);
}

/** Length and text, as NBD_REP_SERVER and NBD_OPT_GO carry a name. */
export function encodeText(text: string): Buffer {
	const bytes = Buffer.from(text, "utf8");
	const length = Buffer.alloc(4);
	length.writeUInt32BE(bytes.length);
	return Buffer.concat([length, bytes]);
}
