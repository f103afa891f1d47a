import type { NetherdError } from "../errors.ts";
import { NbdProtocolError } from "./nbd-codec.ts";
import { type NbdAddress, readError, serverShuttingDown } from "./nbd-errors.ts";
import type { Conversation } from "./nbd-handshake.ts";
import {
	decodeContentOffset,
	decodeErrorChunk,
	decodeHoleSize,
	decodePayloadLength,
	decodeReplyHead,
	errorName,
	isShutdown,
	lengths,
	type ReplyHead,
} from "./nbd-transmission-codec.ts";
import { RangeSet } from "./range-set.ts";

/** A read that the server was asked for and that has not been answered completely. */
export interface PendingRequest {
	readonly offsetBytes: number;
	/** Where the bytes go; as long as the request. */
	readonly target: Uint8Array;
	/** Called once, when the reply is complete. */
	readonly finish: (error: NetherdError | undefined) => void;
}

/** The requests in flight, by handle. A conversation takes a request out when its reply is complete. */
export class RequestTable {
	readonly #onFinish: () => void;
	readonly #requests = new Map<number, InFlight>();
	#lastHandle = 0;

	/** @param onFinish Called after each request that has been taken out. */
	constructor(onFinish: () => void = () => {}) {
		this.#onFinish = onFinish;
	}

	get size(): number {
		return this.#requests.size;
	}

	/** @returns The handle to send with the request. */
	add(request: PendingRequest): number {
		do {
			this.#lastHandle = (this.#lastHandle + 1) % 2 ** 32;
		} while (this.#requests.has(this.#lastHandle));
		this.#requests.set(this.#lastHandle, { request, received: undefined, error: undefined });
		return this.#lastHandle;
	}

	get(handle: number): InFlight {
		const inFlight = this.#requests.get(handle);
		if (inFlight === undefined)
			throw new NbdProtocolError(`reply with handle ${handle}, which no request has`);
		return inFlight;
	}

	finish(handle: number): void {
		const { request, error } = this.get(handle);
		this.#requests.delete(handle);
		request.finish(error);
		this.#onFinish();
	}

	/** The connection is gone: every request ends with this error. */
	failAll(error: NetherdError): void {
		const requests = [...this.#requests.values()];
		this.#requests.clear();
		for (const { request } of requests) request.finish(error);
	}
}

interface InFlight {
	readonly request: PendingRequest;
	/** Parts of the target that structured chunks have described. */
	received: RangeSet | undefined;
	error: NetherdError | undefined;
}

type StructuredHead = Extract<ReplyHead, { kind: "structured" }>;

/** Error chunks carry a short message; anything longer is not worth the memory. */
const maximumErrorPayloadBytes = 64 * 1024;

/**
 * "Transmission" of the protocol document: receives replies for ever, data straight into the targets of the requests,
 * in any order. Its only end is the connection's.
 *
 * @throws {NbdProtocolError} for bytes that the protocol does not allow.
 * @throws {NetherdError} `nbd.server-shutting-down` when the server announces its end.
 */
export function* receiveReplies(
	address: NbdAddress,
	requests: RequestTable,
	structuredReplies: boolean,
): Conversation<never> {
	const headBytes = new Uint8Array(lengths.simpleReply);
	for (;;) {
		yield { receive: headBytes, during: requests.size > 0 ? "with requests waiting" : "while idle" };
		const head = decodeReplyHead(headBytes);
		if (head.kind === "structured" && !structuredReplies) {
			throw new NbdProtocolError("structured reply though none was negotiated");
		}
		const inFlight = requests.get(head.handle);
		if (head.kind === "structured") {
			yield* receiveChunk(address, head, inFlight);
			if (!head.isLast) continue;
			checkComplete(inFlight);
		} else if (head.errorNumber !== 0) {
			inFlight.error = failure(address, inFlight.request, head.errorNumber, "");
		} else {
			if (structuredReplies)
				throw new NbdProtocolError("simple reply to a read though structured ones were negotiated");
			yield { receive: inFlight.request.target, during: "in the middle of a reply" };
		}
		requests.finish(head.handle);
	}
}

function* receiveChunk(address: NbdAddress, head: StructuredHead, inFlight: InFlight): Conversation<void> {
	if (head.chunk === "data" || head.chunk === "hole") {
		yield* receiveContent(head.chunk, inFlight);
		return;
	}
	const payloadBytes = decodePayloadLength(yield* receive(lengths.restOfStructuredReply));
	if (head.chunk === "none") {
		if (payloadBytes !== 0 || !head.isLast) throw new NbdProtocolError("malformed NBD_REPLY_TYPE_NONE");
	} else {
		if (payloadBytes > maximumErrorPayloadBytes) {
			throw new NbdProtocolError(`error chunk of ${payloadBytes} bytes`);
		}
		const { errorNumber, message } = decodeErrorChunk(yield* receive(payloadBytes));
		inFlight.error ??= failure(address, inFlight.request, errorNumber, message);
	}
}

function* receiveContent(kind: "data" | "hole", inFlight: InFlight): Conversation<void> {
	// Both at once: each step costs a system call.
	const start = yield* receive(lengths.restOfStructuredReply + lengths.contentOffset);
	const payloadBytes = decodePayloadLength(start.subarray(0, lengths.restOfStructuredReply));
	const minimumBytes = lengths.contentOffset + (kind === "data" ? 1 : lengths.holeSize);
	if (payloadBytes < minimumBytes || (kind === "hole" && payloadBytes !== minimumBytes)) {
		throw new NbdProtocolError(`${kind} chunk of ${payloadBytes} bytes`);
	}
	const offsetBytes = decodeContentOffset(start.subarray(lengths.restOfStructuredReply));
	if (kind === "hole") {
		const sizeBytes = decodeHoleSize(yield* receive(lengths.holeSize));
		claimTarget(inFlight, offsetBytes, sizeBytes).fill(0);
	} else {
		const part = claimTarget(inFlight, offsetBytes, payloadBytes - lengths.contentOffset);
		yield { receive: part, during: "in the middle of a reply" };
	}
}

/** The part of the target that a content chunk describes; each byte is described once. */
function claimTarget(inFlight: InFlight, offsetBytes: number, sizeBytes: number): Uint8Array {
	const { request } = inFlight;
	const start = offsetBytes - request.offsetBytes;
	const end = start + sizeBytes;
	if (sizeBytes === 0 || start < 0 || end > request.target.length) {
		throw new NbdProtocolError(
			`${sizeBytes} bytes at offset ${offsetBytes} in the reply to a request for ` +
				`${request.target.length} bytes at offset ${request.offsetBytes}`,
		);
	}
	inFlight.received ??= new RangeSet();
	if (!inFlight.received.add(start, end))
		throw new NbdProtocolError(`bytes at offset ${offsetBytes} sent twice`);
	return request.target.subarray(start, end);
}

function checkComplete({ request, received, error }: InFlight): void {
	if (error !== undefined || received?.covers(0, request.target.length)) return;
	throw new NbdProtocolError(
		`reply to a request for ${request.target.length} bytes at offset ${request.offsetBytes} with bytes missing`,
	);
}

function failure(
	address: NbdAddress,
	request: PendingRequest,
	errorNumber: number,
	message: string,
): NetherdError {
	if (errorNumber === 0) throw new NbdProtocolError("error chunk with error number 0");
	// "Terminating the transmission phase": the client must end the connection then.
	if (isShutdown(errorNumber)) throw serverShuttingDown(address);
	return readError(
		address,
		{ name: errorName(errorNumber), message },
		{ offsetBytes: request.offsetBytes, lengthBytes: request.target.length },
	);
}

function* receive(lengthBytes: number): Conversation<Uint8Array> {
	const memory = new Uint8Array(lengthBytes);
	if (lengthBytes > 0) yield { receive: memory, during: "in the middle of a reply" };
	return memory;
}
