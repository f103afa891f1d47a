/**
 * The server's side of NBD, written from the protocol document without the agent's codec, so that a mistake there is
 * not repeated here. https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
 */

export interface ReadRequest {
	/** As received: 8 bytes. */
	readonly handle: Buffer;
	readonly offsetBytes: number;
	readonly lengthBytes: number;
}

export interface InputHandlers {
	option(type: "export-name" | "abort" | "list" | "go" | "structured-reply" | "other"): void;
	read(request: ReadRequest): void;
	disconnect(): void;
}

const optionTypes = {
	1: "export-name",
	2: "abort",
	3: "list",
	7: "go",
	8: "structured-reply",
} as const satisfies Record<number, string>;

/** @returns A function for received bytes; it calls the handlers for every complete message. */
export function decodeNbdInput(handlers: InputHandlers): (bytes: Buffer) => void {
	let buffered = Buffer.alloc(0);
	let areFlagsRead = false;
	let isTransmitting = false;
	return (bytes) => {
		buffered = Buffer.concat([buffered, bytes]);
		for (;;) {
			const used = isTransmitting ? request() : areFlagsRead ? option() : clientFlags();
			if (used === 0) return;
			buffered = buffered.subarray(used);
		}
	};

	function clientFlags(): number {
		if (buffered.length < 4) return 0;
		areFlagsRead = true;
		return 4;
	}

	function option(): number {
		if (buffered.length < 16 || buffered.length < 16 + buffered.readUInt32BE(12)) return 0;
		const number = buffered.readUInt32BE(8);
		const type = Object.entries(optionTypes).find(([key]) => Number(key) === number)?.[1] ?? "other";
		if (type === "go" || type === "export-name") isTransmitting = true;
		handlers.option(type);
		return 16 + buffered.readUInt32BE(12);
	}

	function request(): number {
		// After a refused NBD_OPT_GO the client goes on with options.
		if (buffered.length >= 8 && buffered.toString("latin1", 0, 8) === "IHAVEOPT") return option();
		if (buffered.length < 28) return 0;
		if (buffered.readUInt16BE(6) === 2) handlers.disconnect();
		else {
			handlers.read({
				handle: Buffer.from(buffered.subarray(8, 16)),
				offsetBytes: Number(buffered.readBigUInt64BE(16)),
				lengthBytes: buffered.readUInt32BE(24),
			});
		}
		return 28;
	}
}

/** Messages of a server, byte by byte. */
export const serverMessage = {
	/** Fixed newstyle, with NBD_FLAG_NO_ZEROES. */
	greeting: (flags = 3) => Buffer.concat([Buffer.from("NBDMAGICIHAVEOPT"), uint16(flags)]),

	optionReply: (option: number, type: number, data: Buffer = Buffer.alloc(0)) =>
		Buffer.concat([
			Buffer.from("0003e889045565a9", "hex"),
			uint32(option),
			uint32(type),
			uint32(data.length),
			data,
		]),

	/** NBD_INFO_EXPORT as reply to NBD_OPT_GO; read-only, several connections allowed. */
	exportInfo: (sizeBytes: number) =>
		serverMessage.optionReply(7, 3, Buffer.concat([uint16(0), uint64(sizeBytes), uint16(0x103)])),

	/** NBD_INFO_BLOCK_SIZE as reply to NBD_OPT_GO. */
	blockSizeInfo: (minimum: number, preferred: number, maximum: number) =>
		serverMessage.optionReply(
			7,
			3,
			Buffer.concat([uint16(3), uint32(minimum), uint32(preferred), uint32(maximum)]),
		),

	/** Reply to NBD_OPT_EXPORT_NAME without zeroes. */
	exportName: (sizeBytes: number) => Buffer.concat([uint64(sizeBytes), uint16(0x103)]),

	simpleReply: (handle: Buffer, errorNumber: number, data: Buffer = Buffer.alloc(0)) =>
		Buffer.concat([uint32(0x67446698), uint32(errorNumber), handle, data]),

	structuredChunk: (handle: Buffer, flags: number, type: number, payload: Buffer) =>
		Buffer.concat([uint32(0x668e33ef), uint16(flags), uint16(type), handle, uint32(payload.length), payload]),

	dataChunk: (handle: Buffer, offsetBytes: number, data: Buffer, isLast: boolean) =>
		serverMessage.structuredChunk(handle, isLast ? 1 : 0, 1, Buffer.concat([uint64(offsetBytes), data])),

	holeChunk: (handle: Buffer, offsetBytes: number, sizeBytes: number, isLast: boolean) =>
		serverMessage.structuredChunk(
			handle,
			isLast ? 1 : 0,
			2,
			Buffer.concat([uint64(offsetBytes), uint32(sizeBytes)]),
		),

	errorChunk: (handle: Buffer, errorNumber: number, message: string, isLast: boolean) =>
		serverMessage.structuredChunk(
			handle,
			isLast ? 1 : 0,
			0x8001,
			Buffer.concat([uint32(errorNumber), uint16(Buffer.byteLength(message)), Buffer.from(message)]),
		),

	done: (handle: Buffer) => serverMessage.structuredChunk(handle, 1, 0, Buffer.alloc(0)),
};

function uint16(value: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16BE(value);
	return bytes;
}

function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

function uint64(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(BigInt(value));
	return bytes;
}
