import type { NetherdError } from "../errors.ts";
import type { NbdAddress } from "./nbd-errors.ts";
import type { NegotiatedExport } from "./nbd-handshake.ts";
import type { BlockSizes } from "./nbd-handshake-codec.ts";
import { NbdConnection } from "./nbd-socket.ts";
import type { Source, SourceLimits } from "./source.ts";

/** Requests of this size stay in the processor's caches on their way; larger ones were not faster. */
const preferredRequestBytes = 256 * 1024;

/** 4 MiB in flight: enough for 10 Gbit/s at 3 ms. */
const requestsInFlight = 16;

/** So much is asked for at once on each connection: as much as it keeps in flight, and the next. */
const readAheadBytes = 8 * 1024 * 1024;

/**
 * Opens an export, over several connections where that is wanted and the server allows it; those after the first may
 * fail.
 *
 * @param options.requestSizeBytes Upper limit of one request; the server's own limit counts too.
 * @throws {NetherdError} `nbd.*`
 */
export async function openNbdSource(
	address: NbdAddress,
	limits: SourceLimits,
	signal?: AbortSignal,
	options: { readonly requestSizeBytes?: number; readonly depth?: number } = {},
): Promise<Source> {
	const depth = options.depth ?? requestsInFlight;
	const open = () => NbdConnection.open(address, { ...limits, depth }, signal);
	const { connection: first, negotiated } = await open();
	const wanted = negotiated.canMultiConnection ? (limits.connections ?? 1) : 1;
	const others = await Promise.allSettled(Array.from({ length: wanted - 1 }, open));
	const connections = [
		first,
		...others.flatMap((other) => (other.status === "fulfilled" ? [other.value.connection] : [])),
	];
	const requestSizeBytes = chooseRequestSize(negotiated, options.requestSizeBytes ?? preferredRequestBytes);
	let reads = 0;
	return {
		sizeBytes: negotiated.sizeBytes,
		wantedReads: (lengthBytes) =>
			connections.length * Math.min(Math.max(Math.ceil(readAheadBytes / Math.max(lengthBytes, 1)), 2), 64),
		async read(offsetBytes, target, onReceived) {
			const connection = connections[reads++ % connections.length] ?? first;
			await read(connection, { ...negotiated, requestSizeBytes }, offsetBytes, target, onReceived);
		},
		async close() {
			await Promise.all(connections.map((connection) => connection.close()));
		},
	};
}

/**
 * Connects, learns what the server tells about the export, and disconnects. One attempt; nothing is read.
 *
 * @throws {NetherdError} `nbd.*`
 */
export async function probeNbdExport(
	request: NbdAddress & { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<NegotiatedExport> {
	const limits = { connectTimeoutMs: request.timeoutMs, stallTimeoutMs: request.timeoutMs, depth: 1 };
	const { connection, negotiated } = await NbdConnection.open(request, limits, request.signal);
	await connection.close();
	return negotiated;
}

/** "Block size constraints": a multiple of the minimum, at most the maximum. */
function chooseRequestSize(sizes: BlockSizes, wantedBytes: number): number {
	const atMost = Math.min(wantedBytes, sizes.maximumPayloadBytes);
	return Math.max(sizes.minimumBytes, atMost - (atMost % sizes.minimumBytes));
}

type Geometry = NegotiatedExport & { readonly requestSizeBytes: number };

function read(
	connection: NbdConnection,
	geometry: Geometry,
	offsetBytes: number,
	target: Uint8Array,
	onReceived: (bytes: number) => void = () => {},
): Promise<void> {
	if (offsetBytes + target.length > geometry.sizeBytes) {
		throw new RangeError(`${target.length} bytes at ${offsetBytes} are beyond ${geometry.sizeBytes}`);
	}
	const requests = splitRead(geometry, offsetBytes, target.length);
	if (requests.length === 0) return Promise.resolve();
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	let unfinished = requests.length;
	let firstError: NetherdError | undefined;
	for (const { startBytes, endBytes } of requests) {
		const wanted = target.subarray(
			Math.max(startBytes - offsetBytes, 0),
			Math.min(endBytes - offsetBytes, target.length),
		);
		// A request that the block size widened needs memory of its own.
		const isWidened = wanted.length !== endBytes - startBytes;
		const memory = isWidened ? new Uint8Array(endBytes - startBytes) : wanted;
		connection.request({
			offsetBytes: startBytes,
			target: memory,
			finish(error) {
				firstError ??= error;
				if (error === undefined) {
					const skipped = Math.max(offsetBytes - startBytes, 0);
					if (isWidened) wanted.set(memory.subarray(skipped, skipped + wanted.length));
					onReceived(wanted.length);
				}
				unfinished -= 1;
				if (unfinished > 0) return;
				if (firstError === undefined) resolve();
				else reject(firstError);
			},
		});
	}
	return promise;
}

/** The requests for a range: boundaries are multiples of the minimum block size, or the end of the export. */
export function splitRead(
	geometry: Pick<Geometry, "minimumBytes" | "requestSizeBytes" | "sizeBytes">,
	offsetBytes: number,
	lengthBytes: number,
): { startBytes: number; endBytes: number }[] {
	if (lengthBytes === 0) return [];
	const { minimumBytes, requestSizeBytes, sizeBytes } = geometry;
	const requests: { startBytes: number; endBytes: number }[] = [];
	const wantedEnd = offsetBytes + lengthBytes;
	const alignedEnd = Math.min(Math.ceil(wantedEnd / minimumBytes) * minimumBytes, sizeBytes);
	let startBytes = offsetBytes - (offsetBytes % minimumBytes);
	while (startBytes < alignedEnd) {
		const endBytes = Math.min(startBytes + requestSizeBytes, alignedEnd);
		requests.push({ startBytes, endBytes });
		startBytes = endBytes;
	}
	return requests;
}
