import type { NetherdError } from "../errors.ts";
import { AdaptiveDepth } from "./adaptive-depth.ts";
import { connectionCount, mostConnections } from "./connection-count.ts";
import { connectionLost, type NbdAddress } from "./nbd-errors.ts";
import type { NegotiatedExport } from "./nbd-handshake.ts";
import { NbdConnection, type NbdConnectionLimits } from "./nbd-socket.ts";
import type { PendingRequest } from "./nbd-transmission.ts";
import { describeSource } from "./source-address.ts";
import { changedOnServer } from "./source-failure.ts";

export interface NbdPoolOptions extends NbdConnectionLimits {
	/** The most that is asked for with one request. */
	readonly requestSizeBytes: number;
	/** The most requests in flight, over all connections. */
	readonly maximumDepth: number;
	/** Where the server allows several; undefined: as many as pay. */
	readonly connections?: number | undefined;
}

/** In flight at the start on each connection: 2 MiB, enough for 1 Gbit/s at 16 ms. */
const startDepth = 4;
/** A round trip and some noise. */
const depthWindowMs = 20;

interface Member {
	readonly connection: NbdConnection;
	readonly depth: AdaptiveDepth;
}

/**
 * The connections to one export: requests wait in one line, and each connection takes from it what it can keep in
 * flight. How much that is, and how many connections are used, is found out by trying. When one connection fails, all
 * fail.
 */
export class NbdPool {
	readonly #address: NbdAddress;
	readonly #options: NbdPoolOptions;
	readonly #signal: AbortSignal | undefined;
	readonly #members: Member[] = [];
	readonly #queue: PendingRequest[] = [];
	readonly #width: AdaptiveDepth;
	#isOpening = false;
	#isPumpScheduled = false;
	/** Of the export, as the first connection was told. */
	#sizeBytes: number | undefined;
	#failure: NetherdError | undefined;

	/** @throws {NetherdError} `nbd.*`; the signal's reason when aborted. */
	static async open(
		address: NbdAddress,
		options: NbdPoolOptions,
		signal?: AbortSignal,
	): Promise<{ pool: NbdPool; negotiated: NegotiatedExport }> {
		const pool = new NbdPool(address, options, signal);
		const negotiated = await pool.#addConnection();
		if (!negotiated.canMultiConnection) pool.#width.limit(1);
		void pool.#openMore();
		return { pool, negotiated };
	}

	private constructor(address: NbdAddress, options: NbdPoolOptions, signal: AbortSignal | undefined) {
		this.#address = address;
		this.#options = options;
		this.#signal = signal;
		this.#width = connectionCount(options.connections, 4 * options.requestSizeBytes);
	}

	/** So many requests the connections in use keep in flight. */
	get depth(): number {
		return this.#used.reduce((sum, { depth }) => sum + depth.depth, 0);
	}

	request(request: PendingRequest): void {
		if (this.#failure !== undefined) {
			request.finish(this.#failure);
			return;
		}
		this.#queue.push(request);
		this.#schedulePump();
	}

	/** Waiting requests finish with `nbd.connection-lost`. Resolves when every connection is closed. */
	async close(): Promise<void> {
		this.#finishQueue(connectionLost(this.#address, "because we closed it"));
		await Promise.all(this.#members.map(({ connection }) => connection.close()));
	}

	get #used(): readonly Member[] {
		return this.#members.slice(0, this.#width.depth);
	}

	async #addConnection(): Promise<NegotiatedExport> {
		const { maximumDepth, connections, requestSizeBytes } = this.#options;
		const depth = new AdaptiveDepth({
			start: startDepth,
			maximum: Math.floor(maximumDepth / mostConnections(connections)),
			windowMs: depthWindowMs,
			windowBytes: 2 * requestSizeBytes,
			worthwhileGain: 1.2,
		});
		const { connection, negotiated } = await NbdConnection.open(this.#address, this.#options, this.#signal, {
			onReceived: (bytes) => this.#received(depth, bytes),
			onFinished: () => this.#schedulePump(),
			onFailure: (error) => this.#fail(error),
		});
		this.#sizeBytes ??= negotiated.sizeBytes;
		if (negotiated.sizeBytes !== this.#sizeBytes) {
			const difference = `it had ${this.#sizeBytes} bytes, and has ${negotiated.sizeBytes}`;
			this.#fail(changedOnServer(describeSource({ kind: "nbd", ...this.#address }), difference));
		}
		if (this.#failure !== undefined) await connection.close();
		this.#members.push({ connection, depth });
		return negotiated;
	}

	#received(depth: AdaptiveDepth, bytes: number): void {
		const nowMs = performance.now();
		depth.received(bytes, nowMs);
		if (this.#isOpening) return;
		this.#width.received(bytes, nowMs);
		if (this.#width.depth > this.#members.length) void this.#openMore();
	}

	/** As many connections as are wanted; a server that refuses one is asked for no more. */
	async #openMore(): Promise<void> {
		this.#isOpening = true;
		try {
			while (this.#width.depth > this.#members.length) await this.#addConnection();
		} catch {
			this.#width.limit(this.#members.length);
		} finally {
			this.#isOpening = false;
			this.#width.pause();
			this.#schedulePump();
		}
	}

	#schedulePump(): void {
		if (this.#isPumpScheduled) return;
		this.#isPumpScheduled = true;
		queueMicrotask(() => {
			this.#isPumpScheduled = false;
			this.#pump();
		});
	}

	#pump(): void {
		for (const { connection, depth } of this.#used) {
			while (connection.inFlight < depth.depth) {
				const request = this.#queue.shift();
				if (request === undefined) {
					// Nothing to ask for: what arrives now does not show what the network can do.
					depth.pause();
					this.#width.pause();
					return;
				}
				connection.request(request);
			}
		}
	}

	#fail(error: NetherdError): void {
		if (this.#failure !== undefined) return;
		this.#finishQueue(error);
		for (const { connection } of this.#members) void connection.close();
	}

	#finishQueue(error: NetherdError): void {
		this.#failure ??= error;
		for (const request of this.#queue.splice(0)) request.finish(error);
	}
}
