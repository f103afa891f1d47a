import type { AdaptiveDepth } from "./adaptive-depth.ts";
import { connectionCount } from "./connection-count.ts";
import { trustedCertificates } from "./http-certificates.ts";
import { connectionLost } from "./http-errors.ts";
import { findFile } from "./http-probe.ts";
import type { Exchange } from "./http-replies.ts";
import { HttpConnection, type HttpConnectionEnd, type HttpConnectionOptions } from "./http-socket.ts";
import { judgeReply, type RemoteFile } from "./http-verdict.ts";
import type { Source, SourceLimits } from "./source.ts";
import type { HttpSourceAddress } from "./source-address.ts";

/** Part of a read: small enough that several connections can share the memory of a few chunks. */
const maximumRangeBytes = 2 * 1024 ** 2;

/** So much is asked for at once on each connection: enough for 10 Gbit/s at 3 ms. */
const inFlightBytes = 4 * 1024 ** 2;

/** A source has at most so many reads under way: small chunks need many. */
const maximumReads = 64;

/**
 * Opens a file on a web server: follows redirects, learns its size and identity.
 *
 * @param signal Ends the source at any time.
 * @param certificates Of {@link trustedCertificates}, if not those of this machine.
 * @throws {NetherdError} `http.*`; the signal's reason when aborted.
 */
export async function openHttpSource(
	address: HttpSourceAddress,
	limits: SourceLimits,
	signal: AbortSignal,
	certificates: () => readonly string[] = trustedCertificates,
): Promise<Source> {
	const start = new URL(address.url);
	const options = { ...limits, certificates };
	const { url, isRedirected, file, connection } = await findFile(start, options, signal);
	const remote = new HttpFile(
		{ ...options, url },
		file,
		connectionCount(limits.connections, maximumRangeBytes),
		connection,
	);
	const abort = () => remote.fail(signal.reason);
	signal.addEventListener("abort", abort);
	return {
		sizeBytes: file.sizeBytes,
		// A mirror that the server may lead to next time calls the same bytes by another name.
		identity: isRedirected ? undefined : file.identity,
		wantedReads: (lengthBytes) => remote.wantedReads(lengthBytes),
		read: (offsetBytes, target, onReceived) => remote.read(offsetBytes, target, onReceived),
		async close() {
			signal.removeEventListener("abort", abort);
			await remote.close();
		},
	};
}

/** A file on a web server, read over connections that come and go: a server may end each after any reply. */
class HttpFile {
	readonly #options: HttpConnectionOptions;
	readonly #file: RemoteFile;
	/** How many connections are used. */
	readonly #width: AdaptiveDepth;
	readonly #connections: HttpConnection[] = [];
	/** To be sent. */
	readonly #queue: Exchange[] = [];
	/** More than one request at a time on a connection. */
	#isPipelining = true;
	#failure: { readonly error: unknown } | undefined;

	constructor(options: HttpConnectionOptions, file: RemoteFile, width: AdaptiveDepth, first: HttpConnection) {
		this.#options = options;
		this.#file = file;
		this.#width = width;
		if (!first.isOver) this.#adopt(first);
	}

	wantedReads(lengthBytes: number): number {
		// What is in flight, and one that waits to be.
		const reads = Math.ceil((this.#width.depth * inFlightBytes) / Math.max(lengthBytes, 1)) + 1;
		return Math.min(reads, maximumReads);
	}

	read(
		offsetBytes: number,
		target: Uint8Array,
		onReceived: (bytes: number) => void = () => {},
	): Promise<void> {
		if (offsetBytes + target.length > this.#file.sizeBytes) {
			throw new RangeError(`${target.length} bytes at ${offsetBytes} are beyond ${this.#file.sizeBytes}`);
		}
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		let unfinished = Math.ceil(target.length / maximumRangeBytes);
		let firstError: { readonly error: unknown } | undefined;
		if (unfinished === 0) resolve();
		for (let start = 0; start < target.length; start += maximumRangeBytes) {
			const part = target.subarray(start, start + maximumRangeBytes);
			this.#queue.push({
				offsetBytes: offsetBytes + start,
				target: part,
				accept: (head) => {
					judgeReply(this.#options.url, head, this.#file, offsetBytes + start, part.length);
					return true;
				},
				onReceived: (bytes) => {
					this.#width.received(bytes, performance.now());
					onReceived(bytes);
				},
				finish: (error) => {
					unfinished -= 1;
					if (error !== undefined) firstError ??= { error };
					// Not before: the other parts may still be written into the target.
					if (unfinished === 0 && firstError !== undefined) reject(firstError.error);
					else if (unfinished === 0) resolve();
					this.#sendMore();
				},
			});
		}
		if (this.#failure === undefined) this.#sendMore();
		else this.#finishAll(this.#failure.error);
		return promise;
	}

	/** Ends the source. */
	fail(error: unknown): void {
		if (this.#failure !== undefined) return;
		this.#failure = { error };
		for (const connection of this.#connections.splice(0)) connection.cut(error);
		this.#finishAll(error);
	}

	async close(): Promise<void> {
		const closed = this.#connections.map((connection) => connection.closed);
		this.fail(connectionLost(this.#options.url, "because we cut it"));
		await Promise.all(closed);
	}

	#finishAll(error: unknown): void {
		for (const exchange of this.#queue.splice(0)) exchange.finish(error);
	}

	/** Gives requests to the connection that has least to do, as long as one has too little. */
	#sendMore(): void {
		while (this.#failure === undefined) {
			const connection = this.#connectionWithRoom();
			if (connection === undefined) return;
			const exchange = this.#queue.shift();
			if (exchange === undefined) {
				// Nothing to ask for: what arrives now does not show what the network can do.
				this.#width.pause();
				return;
			}
			connection.send(exchange);
		}
	}

	#connectionWithRoom(): HttpConnection | undefined {
		const used = this.#connections.slice(0, this.#width.depth);
		const [least] = used.toSorted((one, other) => one.inFlightBytes - other.inFlightBytes);
		if (least?.inFlightBytes === 0) return least;
		if (this.#queue.length > 0 && used.length < this.#width.depth) {
			return this.#adopt(new HttpConnection(this.#options, () => {}));
		}
		const hasRoom = this.#isPipelining && least !== undefined && least.inFlightBytes < inFlightBytes;
		return hasRoom ? least : undefined;
	}

	#adopt(connection: HttpConnection): HttpConnection {
		this.#connections.push(connection);
		connection.onEnd = (end) => this.#ended(connection, end);
		return connection;
	}

	#ended(connection: HttpConnection, { unanswered, error }: HttpConnectionEnd): void {
		const index = this.#connections.indexOf(connection);
		if (index >= 0) this.#connections.splice(index, 1);
		this.#queue.unshift(...unanswered);
		const isProven = this.#connections.some(({ accepted }) => accepted > 0);
		if (this.#failure !== undefined) {
			this.#finishAll(this.#failure.error);
		} else if (error !== undefined && (connection.accepted > 0 || !isProven)) {
			this.fail(error);
		} else {
			// A server that allows so many connections and no more.
			if (error !== undefined) this.#width.limit(this.#connections.length);
			// Some servers end every connection after one reply; what was sent behind it was in vain.
			if (unanswered.length > 0 && connection.accepted <= 2) this.#isPipelining = false;
			this.#sendMore();
		}
	}
}
