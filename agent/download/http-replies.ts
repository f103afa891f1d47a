import {
	decodeChunkSize,
	decodeFraming,
	decodeHead,
	findHeadEnd,
	HttpProtocolError,
	mayBeHttp,
	type ReplyHead,
	staysOpen,
} from "./http-codec.ts";

/**
 * A conversation without I/O: it yields memory to receive into. Whoever drives it calls `next(count)` when that many
 * bytes are there, at least one; `next(0)` says that the server has closed its side.
 *
 * `during` names the phase for messages: "the connection was closed …".
 */
export type HttpConversation = Generator<
	{ readonly receive: Uint8Array; readonly during: string },
	void,
	number
>;

/** A request and what becomes of its reply. */
export interface Exchange {
	readonly offsetBytes: number;
	/** Where the body goes; as long as the range that is asked for. */
	readonly target: Uint8Array;
	/**
	 * Judges the reply before its body.
	 *
	 * @returns False: this answers the request already; its body is not wanted, and the conversation ends.
	 * @throws Ends the conversation.
	 */
	readonly accept: (head: ReplyHead) => boolean;
	/** Called with the number of bytes of each part that has arrived. */
	readonly onReceived: (bytes: number) => void;
	/** Called once. @param error Undefined when the reply is complete. */
	readonly finish: (error: unknown) => void;
}

/** What whoever drives the conversation wants to know of it. */
export interface ReplyListener {
	/** An exchange has accepted its reply; the body follows. */
	onAccepted(): void;
	/** Bytes of a body. */
	onReceived(bytes: number): void;
	/** Called after it was taken out, and before it finishes. */
	onAnswered(exchange: Exchange): void;
}

/** The connection was closed inside a reply, or before the first one. */
export class UnexpectedEnd extends HttpProtocolError {}

/** What came first on a connection is no HTTP reply. */
export class NotHttp extends HttpProtocolError {
	readonly firstBytes: Uint8Array;

	constructor(firstBytes: Uint8Array) {
		super("not HTTP");
		this.firstBytes = firstBytes;
	}
}

/** A whole head, or a line between chunks of data, must fit into this. */
const inboxBytes = 16 * 1024;
const maximumInterimReplies = 10;
const maximumTrailerLines = 100;

/**
 * Receives the replies to the requests that have been sent, in their order (RFC 9112, 9.3.2), bodies straight into
 * their targets. Ends when the server ends the connection between two replies, or says that it will.
 *
 * @param exchanges The requests that were sent and not answered, oldest first; those that are answered are taken out.
 * @throws {HttpProtocolError} For bytes that HTTP does not allow, and {@link UnexpectedEnd}, {@link NotHttp}.
 * @throws What an exchange's `accept` throws.
 */
export function* receiveReplies(exchanges: Exchange[], listener: ReplyListener): HttpConversation {
	const inbox = new Inbox();
	for (let answered = 0; ; answered++) {
		const head = yield* receiveFinalHead(inbox, () => exchanges.length > 0, answered === 0);
		const [exchange] = exchanges;
		// Without a request it is a "408 Request Timeout", the goodbye of some servers (RFC 9110, 15.5.9).
		if (head === undefined || exchange === undefined || (head.status === 408 && answered > 0)) return;
		const isWanted = exchange.accept(head);
		if (isWanted) {
			listener.onAccepted();
			yield* receiveBody(inbox, head, exchange.target, (bytes) => {
				listener.onReceived(bytes);
				exchange.onReceived(bytes);
			});
		}
		exchanges.shift();
		listener.onAnswered(exchange);
		exchange.finish(undefined);
		if (!isWanted || !staysOpen(head)) return;
	}
}

/** @returns Undefined when the connection was closed and may be. */
function* receiveFinalHead(
	inbox: Inbox,
	isWaited: () => boolean,
	isFirst: boolean,
): Generator<{ readonly receive: Uint8Array; readonly during: string }, ReplyHead | undefined, number> {
	for (let interim = 0; interim <= maximumInterimReplies; interim++) {
		for (let length = inbox.headLength(); ; length = inbox.headLength()) {
			if (length !== undefined) {
				const head = decodeHead(inbox.take(length));
				if (head.status >= 200) return head;
				break;
			}
			if (isFirst && !mayBeHttp(inbox.content)) throw new NotHttp(inbox.content);
			const isBetween = inbox.content.length === 0;
			const during = isBetween
				? isWaited()
					? "before it answered"
					: "while idle"
				: "in the middle of a reply";
			const count = yield* inbox.receive(during);
			if (count === 0 && isBetween && !(isFirst && isWaited())) return undefined;
			if (count === 0) throw new UnexpectedEnd("connection closed");
		}
	}
	throw new HttpProtocolError(`more than ${maximumInterimReplies} interim replies`);
}

function* receiveBody(
	inbox: Inbox,
	head: ReplyHead,
	target: Uint8Array,
	onReceived: (bytes: number) => void,
): HttpConversation {
	const framing = decodeFraming(head);
	if (framing.kind === "chunked") {
		yield* receiveChunks(inbox, target, onReceived);
	} else {
		if (framing.kind === "length" && framing.lengthBytes !== target.length) {
			throw new HttpProtocolError(`body of ${framing.lengthBytes} bytes instead of ${target.length}`);
		}
		yield* receiveInto(inbox, target, onReceived);
	}
}

/** RFC 9112, 7.1. */
function* receiveChunks(
	inbox: Inbox,
	target: Uint8Array,
	onReceived: (bytes: number) => void,
): HttpConversation {
	let filledBytes = 0;
	for (;;) {
		yield* receiveLine(inbox);
		const sizeBytes = decodeChunkSize(inbox.line);
		if (sizeBytes === 0) break;
		if (sizeBytes > target.length - filledBytes) {
			throw new HttpProtocolError(`body of more than ${target.length} bytes`);
		}
		yield* receiveInto(inbox, target.subarray(filledBytes, filledBytes + sizeBytes), onReceived);
		filledBytes += sizeBytes;
		yield* receiveLine(inbox);
		if (inbox.line !== "") throw new HttpProtocolError("chunk longer than its size");
	}
	if (filledBytes < target.length) {
		throw new HttpProtocolError(`body of ${filledBytes} bytes instead of ${target.length}`);
	}
	for (let lines = 0; lines <= maximumTrailerLines; lines++) {
		yield* receiveLine(inbox);
		if (inbox.line === "") return;
	}
	throw new HttpProtocolError(`more than ${maximumTrailerLines} trailer lines`);
}

/** Afterwards it is in `inbox.line`. */
function* receiveLine(inbox: Inbox): HttpConversation {
	while (!inbox.takeLine()) yield* inbox.receiveMore();
}

function* receiveInto(
	inbox: Inbox,
	target: Uint8Array,
	onReceived: (bytes: number) => void,
): HttpConversation {
	let filledBytes = inbox.moveInto(target);
	if (filledBytes > 0) onReceived(filledBytes);
	while (filledBytes < target.length) {
		const count = yield { receive: target.subarray(filledBytes), during: "in the middle of a reply" };
		if (count === 0) throw new UnexpectedEnd("connection closed");
		filledBytes += count;
		onReceived(count);
	}
}

/** Holds what has been received of heads and lines, and what of a body came with them. */
class Inbox {
	readonly #memory = new Uint8Array(inboxBytes);
	#start = 0;
	#end = 0;
	/** As far as there is no end of a head. */
	#searchedBytes = 0;
	/** Without its end. */
	line = "";

	get content(): Uint8Array {
		return this.#memory.subarray(this.#start, this.#end);
	}

	headLength(): number | undefined {
		const length = findHeadEnd(this.content.subarray(this.#searchedBytes));
		if (length !== undefined) return this.#searchedBytes + length;
		// The end may have begun in the last two bytes.
		this.#searchedBytes = Math.max(0, this.content.length - 2);
		return undefined;
	}

	take(lengthBytes: number): Uint8Array {
		const taken = this.content.subarray(0, lengthBytes);
		this.#start += lengthBytes;
		this.#searchedBytes = 0;
		return taken;
	}

	takeLine(): boolean {
		const end = this.content.indexOf(10);
		if (end < 0) return false;
		this.line = Buffer.from(this.take(end + 1))
			.toString("latin1")
			.replace(/\r?\n$/, "");
		return true;
	}

	/** @returns How many bytes went there. */
	moveInto(target: Uint8Array): number {
		const count = Math.min(target.length, this.content.length);
		target.set(this.take(count));
		return count;
	}

	*receiveMore(): HttpConversation {
		const count = yield* this.receive("in the middle of a reply");
		if (count === 0) throw new UnexpectedEnd("connection closed");
	}

	/** @returns 0 when the connection was closed. */
	*receive(
		during: string,
	): Generator<{ readonly receive: Uint8Array; readonly during: string }, number, number> {
		this.#memory.copyWithin(0, this.#start, this.#end);
		this.#end -= this.#start;
		this.#start = 0;
		if (this.#end === this.#memory.length) {
			throw new HttpProtocolError(`more than ${inboxBytes} bytes of header`);
		}
		const count = yield { receive: this.#memory.subarray(this.#end), during };
		this.#end += count;
		return count;
	}
}
