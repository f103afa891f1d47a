import { connect, type Socket } from "node:net";
import { NetherdError } from "../errors.ts";
import { SilenceLimit } from "../silence-limit.ts";
import {
	connectFailure,
	connectionLost,
	handshakeTimeout,
	type NbdAddress,
	stalled,
	withAddress,
} from "./nbd-errors.ts";
import { type Conversation, handshake, type NegotiatedExport } from "./nbd-handshake.ts";
import { type PendingRequest, RequestTable, receiveReplies } from "./nbd-transmission.ts";
import { encodeDisconnectRequest, encodeReadRequest } from "./nbd-transmission-codec.ts";
import { StallWatch } from "./stall-watch.ts";

export interface NbdConnectionLimits {
	/** For the TCP connection and the handshake together. */
	readonly connectTimeoutMs: number;
	/** While requests are waiting, the server sends `stallFloorBytes` in this time, or has stalled. */
	readonly stallTimeoutMs: number;
}

export interface NbdConnectionListener {
	/** Bytes of replies have arrived. */
	onReceived?(bytes: number): void;
	/** A request has been answered. */
	onFinished?(): void;
	/** After the handshake: the connection has failed, its requests have finished with this error. */
	onFailure?(error: NetherdError): void;
}

/** How long the last message may take to leave. */
const closeTimeoutMs = 1000;

/** The `onread` buffer while nothing is expected; what lands here is refused. */
const nowhere = new Uint8Array(1);

/**
 * A connection to one export. Received bytes go from the kernel straight into the memory of the request that they
 * answer (`onread` asks for the next memory before each read), so data is never copied here.
 *
 * Every failure ends the connection: all waiting requests finish with that error.
 */
export class NbdConnection {
	readonly #address: NbdAddress;
	readonly #socket: Socket;
	readonly #listener: NbdConnectionListener;
	readonly #requests = new RequestTable(() => this.#noteFinished());
	readonly #stallWatch: StallWatch;
	/** Encoded, to be sent when this turn of the event loop ends. */
	readonly #unsent: Uint8Array[] = [];
	readonly #negotiated = Promise.withResolvers<NegotiatedExport>();
	readonly #closed = Promise.withResolvers<void>();
	#conversation: Conversation<NegotiatedExport | never>;
	#isTransmitting = false;
	/** Memory that is being filled, and how far. */
	#window = nowhere as Uint8Array;
	#filledBytes = 0;
	#during = "before it greeted";
	#failure: NetherdError | undefined;
	readonly #handshakeLimit: SilenceLimit;

	/**
	 * Connects and negotiates.
	 *
	 * @param signal Cuts the connection when aborted, at any time.
	 * @throws {NetherdError} `nbd.*`; the signal's reason when aborted.
	 */
	static async open(
		address: NbdAddress,
		limits: NbdConnectionLimits,
		signal?: AbortSignal,
		listener: NbdConnectionListener = {},
	): Promise<{ connection: NbdConnection; negotiated: NegotiatedExport }> {
		signal?.throwIfAborted();
		const connection = new NbdConnection(address, limits, listener);
		const cut = () => connection.#fail(signal?.reason);
		signal?.addEventListener("abort", cut, { once: true });
		connection.#socket.once("close", () => signal?.removeEventListener("abort", cut));
		const negotiated = await connection.#negotiated.promise;
		return { connection, negotiated };
	}

	private constructor(address: NbdAddress, limits: NbdConnectionLimits, listener: NbdConnectionListener) {
		this.#address = address;
		this.#listener = listener;
		this.#conversation = handshake(address);
		this.#stallWatch = new StallWatch(limits.stallTimeoutMs, () =>
			this.#fail(stalled(address, limits.stallTimeoutMs)),
		);
		this.#handshakeLimit = new SilenceLimit(limits.connectTimeoutMs, () =>
			this.#fail(handshakeTimeout(address, limits.connectTimeoutMs, this.#during)),
		).start();
		// Before the socket exists: it asks for the first memory as soon as it is made.
		this.#advance();
		this.#socket = connect({
			host: address.host,
			port: address.port,
			noDelay: true,
			onread: {
				buffer: () => this.#window.subarray(this.#filledBytes),
				callback: (count) => this.#received(count),
			},
		});
		let isConnected = false;
		this.#socket
			.once("connect", () => {
				isConnected = true;
			})
			.on("error", (error) =>
				this.#fail(isConnected ? this.#connectionLost(error) : connectFailure(address, error)),
			)
			.on("end", () => this.#fail(this.#connectionLost()))
			.on("close", () => {
				this.#fail(this.#connectionLost());
				this.#closed.resolve();
			});
	}

	/** Requests that have not been answered. */
	get inFlight(): number {
		return this.#requests.size;
	}

	/** Asks the server, together with everything else that this turn of the event loop asks it. */
	request(request: PendingRequest): void {
		if (this.#failure !== undefined) {
			request.finish(this.#failure);
			return;
		}
		const handle = this.#requests.add(request);
		this.#stallWatch.start();
		if (this.#unsent.length === 0) queueMicrotask(() => this.#send());
		this.#unsent.push(encodeReadRequest(handle, request.offsetBytes, request.target.length));
	}

	/** Ends the connection; waiting requests finish with `nbd.connection-lost`. Resolves when the socket is closed. */
	async close(): Promise<void> {
		if (this.#requests.size > 0) {
			// Their memory may be used for something else from now on.
			this.#fail(connectionLost(this.#address, "because we cut it"));
		} else if (this.#failure === undefined) {
			// "Terminating the transmission phase": a client says goodbye.
			this.#socket.end(encodeDisconnectRequest(), () => this.#socket.destroy());
			const cut = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
			this.#closed.promise.then(() => clearTimeout(cut));
			this.#finishAll(connectionLost(this.#address, "because we closed it"));
		}
		await this.#closed.promise;
	}

	/** Called by node:net after each read, with the number of bytes now in the window. Always reads on. */
	#received(count: number): boolean {
		if (this.#failure !== undefined) return true;
		if (this.#isTransmitting) {
			this.#stallWatch.received(count);
			this.#listener.onReceived?.(count);
		}
		this.#filledBytes += count;
		if (this.#filledBytes === this.#window.length) this.#advance();
		return true;
	}

	/** Lets the conversation go on until it wants more bytes. */
	#advance(): void {
		try {
			for (;;) {
				const { done, value } = this.#conversation.next();
				if (done) {
					this.#startTransmission(value);
				} else if ("send" in value) {
					this.#socket.write(value.send);
				} else {
					this.#window = value.receive;
					this.#filledBytes = 0;
					this.#during = value.during;
					return;
				}
			}
		} catch (error) {
			this.#fail(withAddress(this.#address, error));
		}
	}

	#startTransmission(negotiated: NegotiatedExport): void {
		this.#conversation = receiveReplies(this.#address, this.#requests, negotiated.structuredReplies);
		this.#isTransmitting = true;
		this.#handshakeLimit.stop();
		this.#negotiated.resolve(negotiated);
	}

	#send(): void {
		if (this.#unsent.length === 0) return;
		this.#socket.write(Buffer.concat(this.#unsent));
		this.#unsent.length = 0;
	}

	#noteFinished(): void {
		if (this.#requests.size === 0) this.#stallWatch.stop();
		this.#listener.onFinished?.();
	}

	#connectionLost(cause?: unknown): NetherdError {
		return connectionLost(this.#address, this.#during, cause);
	}

	#fail(reason: unknown): void {
		if (this.#failure !== undefined) return;
		const error = this.#isTransmitting ? reason : this.#askConversation(reason);
		const failure =
			error instanceof NetherdError ? error : connectionLost(this.#address, "because we cut it", error);
		this.#socket.destroy();
		this.#finishAll(failure);
		if (this.#isTransmitting) this.#listener.onFailure?.(failure);
		else this.#negotiated.reject(error);
	}

	/** The handshake may know better what a lost connection means. */
	#askConversation(reason: unknown): unknown {
		if (!(reason instanceof NetherdError)) return reason;
		try {
			let step = this.#conversation.throw(reason);
			while (!step.done && "send" in step.value) step = this.#conversation.next();
			return reason;
		} catch (error) {
			return error;
		}
	}

	#finishAll(failure: NetherdError): void {
		this.#failure = failure;
		this.#handshakeLimit.stop();
		this.#stallWatch.stop();
		this.#unsent.length = 0;
		this.#requests.failAll(failure);
	}
}
