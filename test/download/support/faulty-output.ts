import type { Socket } from "node:net";

/** What goes wrong with the bytes that a server sends on one connection, whatever they mean. */
export interface StreamFaults {
	/** The connection is cut when this many bytes are sent. */
	readonly cutAfterBytes?: number;
	/** Nothing more is sent after this many bytes; the connection stays open. */
	readonly stallAfterBytes?: number;
	/** A bit of the byte at this position is flipped. */
	readonly flipBitAt?: number;
	/** Bytes and interval of a very slow server, after so many bytes (default: 0). */
	readonly trickle?: { readonly bytes: number; readonly everyMs: number; readonly afterBytes?: number };
}

/** @returns Writes to the socket with these faults. */
export function faultyOutput(socket: Socket, faults: StreamFaults): (bytes: Buffer) => void {
	let position = 0;
	let queue: Buffer = Buffer.alloc(0);
	const { cutAfterBytes = Infinity, stallAfterBytes = Infinity, flipBitAt, trickle } = faults;
	const end = Math.min(cutAfterBytes, stallAfterBytes);

	function write(bytes: Buffer): void {
		const allowed = Buffer.from(bytes.subarray(0, Math.max(0, end - position)));
		if (flipBitAt !== undefined && flipBitAt >= position && flipBitAt < position + allowed.length) {
			allowed.writeUInt8(allowed.readUInt8(flipBitAt - position) ^ 1, flipBitAt - position);
		}
		position += allowed.length;
		if (allowed.length === 0) return;
		socket.write(allowed);
		if (position >= cutAfterBytes) socket.destroySoon();
	}

	if (cutAfterBytes === 0) socket.destroy();
	if (trickle === undefined) return write;

	const timer = setInterval(() => {
		if (queue.length === 0) return;
		write(queue.subarray(0, trickle.bytes));
		queue = queue.subarray(trickle.bytes);
	}, trickle.everyMs);
	socket.on("close", () => clearInterval(timer));
	return (bytes) => {
		const atOnce = Math.min(bytes.length, Math.max(0, (trickle.afterBytes ?? 0) - position));
		write(bytes.subarray(0, atOnce));
		queue = Buffer.concat([queue, bytes.subarray(atOnce)]);
	};
}
