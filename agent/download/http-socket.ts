import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { SilenceLimit } from "../silence-limit.ts";
import { encodeRangeRequest } from "./http-codec.ts";
import { connectFailure, connectTimeout, stalled, withUrl } from "./http-errors.ts";
import { type Exchange, type HttpConversation, receiveReplies } from "./http-replies.ts";
import { StallWatch } from "./stall-watch.ts";

export interface HttpConnectionOptions {
	/** What is asked for; its path goes into every request. */
	readonly url: URL;
	/** From the start until the first reply has been accepted. */
	readonly connectTimeoutMs: number;
	/** As {@link StallWatch} takes it. */
	readonly stallTimeoutMs: number;
	/** Who may vouch for a server of https, as PEM. Asked when it comes to that. */
	readonly certificates: () => readonly string[];
}

/** How a connection ended. */
export interface HttpConnectionEnd {
	/** What was sent and has not been answered, oldest first. Nothing writes into its memory any more. */
	readonly unanswered: readonly Exchange[];
	/** Undefined when the server ended it between two replies, as it may at any time. */
	readonly error: unknown;
}

/** The `onread` buffer while nothing is wanted any more. */
const nowhere = new Uint8Array(1);

/**
 * A connection to a web server. Received bytes go from the kernel straight into the memory of the request that they
 * answer (`onread` asks for the next memory before each read): node:http, which makes buffers and events of them,
 * takes ten times the user time.
 */
export class HttpConnection {
	/** Called once. May be set anew while the connection lasts. */
	onEnd: (end: HttpConnectionEnd) => void;
	readonly #options: HttpConnectionOptions;
	readonly #socket: Socket;
	readonly #exchanges: Exchange[] = [];
	readonly #replies: HttpConversation;
	readonly #closed = Promise.withResolvers<void>();
	readonly #connectLimit: SilenceLimit;
	readonly #stallWatch: StallWatch;
	/** Memory that is being filled. */
	#window: Uint8Array = nowhere;
	#phase: "connect" | "handshake" | "talk" = "connect";
	#during = "";
	#isOver = false;
	#messages: Uint8Array[] = [];
	#inFlightBytes = 0;
	#accepted = 0;

	/** @throws {NetherdError} What `certificates` throws. */
	constructor(options: HttpConnectionOptions, onEnd: (end: HttpConnectionEnd) => void) {
		const { url, connectTimeoutMs, stallTimeoutMs } = options;
		this.#options = options;
		this.onEnd = onEnd;
		this.#stallWatch = new StallWatch(stallTimeoutMs, () => this.cut(stalled(url, stallTimeoutMs)));
		this.#replies = receiveReplies(this.#exchanges, {
			onAccepted: () => this.#noteAccepted(),
			onReceived: (bytes) => this.#stallWatch.received(bytes),
			onAnswered: ({ target }) => {
				this.#inFlightBytes -= target.length;
				if (this.#exchanges.length === 0) this.#stallWatch.stop();
			},
		});
		// Before the socket exists: it asks for the first memory as soon as it is made.
		this.#advance(0);
		this.#socket = this.#connect()
			.on("error", (error) => this.#ended(error))
			.on("end", () => this.#ended())
			.on("close", () => {
				this.#ended();
				this.#closed.resolve();
			});
		this.#connectLimit = new SilenceLimit(connectTimeoutMs, () =>
			this.cut(connectTimeout(url, connectTimeoutMs, this.#describePhase())),
		).start();
	}

	/** Replies whose heads were accepted. */
	get accepted(): number {
		return this.#accepted;
	}

	/** Bytes that have been asked for in requests that are not answered completely. */
	get inFlightBytes(): number {
		return this.#inFlightBytes;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Sends a request, behind those that wait for their replies. To be called before the connection is over. */
	send(exchange: Exchange): void {
		if (this.#isOver) throw new Error("request on a connection that is over");
		const { offsetBytes, target } = exchange;
		const { host, pathname, search } = this.#options.url;
		this.#exchanges.push(exchange);
		this.#inFlightBytes += target.length;
		if (this.#accepted > 0) this.#stallWatch.start();
		this.#messages.push(encodeRangeRequest({ host, path: pathname + search }, offsetBytes, target.length));
		// Requests that one turn of the event loop makes possible leave in one packet.
		if (this.#messages.length === 1) queueMicrotask(() => this.#flush());
	}

	/** Ends it at once. */
	cut(error: unknown): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#window = nowhere;
		this.#connectLimit.stop();
		this.#stallWatch.stop();
		this.#socket.destroy();
		this.onEnd({ unanswered: this.#exchanges.splice(0), error });
	}

	/** Resolves when the socket is closed. */
	get closed(): Promise<void> {
		return this.#closed.promise;
	}

	#connect(): Socket {
		const { url, certificates } = this.#options;
		// A URL has the brackets of an IPv6 address, a socket has not.
		const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
		const options = {
			host,
			port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
			noDelay: true,
			onread: {
				buffer: () => this.#window,
				callback: (count: number) => this.#received(count),
			},
		};
		const setPhase = (phase: "handshake" | "talk") => () => {
			this.#phase = phase;
		};
		if (url.protocol === "http:") return connectTcp(options).once("connect", setPhase("talk"));
		// RFC 6066, 3: a server name is no address.
		const serverName = isIP(host) === 0 ? { servername: host } : {};
		return connectTls({ ...options, ...serverName, ca: [...certificates()], ALPNProtocols: ["http/1.1"] })
			.once("connect", setPhase("handshake"))
			.once("secureConnect", setPhase("talk"));
	}

	#flush(): void {
		const messages = this.#messages.splice(0);
		if (!this.#isOver) this.#socket.write(Buffer.concat(messages));
	}

	/** Called by node:net after each read. Always reads on. */
	#received(count: number): boolean {
		if (!this.#isOver) this.#advance(count);
		return true;
	}

	/** The server has closed its side, or the connection is broken. */
	#ended(error?: Error): void {
		if (this.#isOver) return;
		if (this.#phase === "talk") {
			this.#advance(0, error);
		} else {
			const cause = error ?? new Error("connection closed");
			this.cut(connectFailure(this.#options.url, cause, this.#phase));
		}
	}

	/** Lets the conversation go on until it wants more bytes. */
	#advance(count: number, cause?: Error): void {
		try {
			const { done, value } = this.#replies.next(count);
			if (done) {
				this.cut(undefined);
			} else {
				this.#window = value.receive;
				this.#during = value.during;
			}
		} catch (error) {
			this.cut(withUrl(this.#options.url, error, this.#during, cause));
		}
	}

	/** From the first reply on, the limit is on what comes, no more on the time since the start. */
	#noteAccepted(): void {
		this.#accepted += 1;
		this.#connectLimit.stop();
		this.#stallWatch.start();
	}

	#describePhase(): string {
		if (this.#phase === "connect") return "while connecting";
		return this.#phase === "handshake" ? "in the TLS handshake" : this.#during;
	}
}
