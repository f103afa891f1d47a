import type { NetherdError } from "../errors.ts";
import type { NbdAddress } from "./nbd-errors.ts";
import type { NegotiatedExport } from "./nbd-handshake.ts";
import type { BlockSizes } from "./nbd-handshake-codec.ts";
import { NbdPool } from "./nbd-pool.ts";
import { NbdConnection } from "./nbd-socket.ts";
import type { Source, SourceLimits } from "./source.ts";

/** Requests of this size stay in the processor's caches on their way; with smaller ones the system calls cost more. */
const preferredRequestBytes = 512 * 1024;

/** In flight at most, over all connections together: each of four is enough for 10 Gbit/s at 3 ms. */
const maximumBytesInFlight = 16 * 1024 * 1024;

/** A source has at most so many reads under way: small chunks need many. */
const maximumReads = 64;

/**
 * Opens an export, and further connections to it where the server allows that and it pays.
 *
 * @param options.requestSizeBytes Upper limit of one request; the server's own limit counts too.
 * @throws {NetherdError} `nbd.*`
 */
export async function openNbdSource(
	address: NbdAddress,
	limits: SourceLimits,
	signal?: AbortSignal,
	options: { readonly requestSizeBytes?: number; readonly maximumDepth?: number } = {},
): Promise<Source> {
	const wantedBytes = options.requestSizeBytes ?? preferredRequestBytes;
	const maximumDepth = options.maximumDepth ?? Math.ceil(maximumBytesInFlight / wantedBytes);
	const { pool, negotiated } = await NbdPool.open(
		address,
		{ ...limits, requestSizeBytes: wantedBytes, maximumDepth },
		signal,
	);
	const requestSizeBytes = chooseRequestSize(negotiated, wantedBytes);
	return {
		sizeBytes: negotiated.sizeBytes,
		wantedReads(lengthBytes) {
			// What is in flight, and one that waits to be.
			const reads = Math.ceil((pool.depth * requestSizeBytes) / Math.max(lengthBytes, 1)) + 1;
			return Math.min(reads, maximumReads);
		},
		read: async (offsetBytes, target, onReceived) =>
			read(pool, { ...negotiated, requestSizeBytes }, offsetBytes, target, onReceived),
		close: () => pool.close(),
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
	const limits = { connectTimeoutMs: request.timeoutMs, stallTimeoutMs: request.timeoutMs };
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
	pool: NbdPool,
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
		pool.request({
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
