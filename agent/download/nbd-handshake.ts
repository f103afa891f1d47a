import { NetherdError } from "../errors.ts";
import { decodeText, NbdProtocolError } from "./nbd-codec.ts";
import {
	exportRefused,
	type NbdAddress,
	notNbd,
	oldProtocol,
	serverShuttingDown,
	tlsRequired,
	unknownExport,
} from "./nbd-errors.ts";
import {
	type BlockSizes,
	decodeExportFacts,
	decodeGreeting,
	decodeInfo,
	decodeListedExport,
	decodeOptionReplyHeader,
	defaultMaximumPayloadBytes,
	type ExportFacts,
	encodeClientFlags,
	encodeExportName,
	encodeGo,
	encodeOption,
	type Greeting,
	isPasswordMagic,
	lengths,
	option,
	optionReply,
} from "./nbd-handshake-codec.ts";

/**
 * A conversation without I/O: it yields bytes to send, or memory to fill with exactly as many received bytes. Whoever
 * drives it calls `next()` when that is done, or `throw(error)` when the connection fails.
 *
 * `during` names the phase for messages: "the connection was closed …".
 */
export type Conversation<Result> = Generator<
	{ readonly send: Uint8Array } | { readonly receive: Uint8Array; readonly during: string },
	Result,
	void
>;

/** What is known about an export after the handshake. */
export interface NegotiatedExport extends ExportFacts, BlockSizes {
	/** The server answers reads with structured replies. */
	readonly structuredReplies: boolean;
}

const maximumReplyDataBytes = 64 * 1024;
const maximumInfoReplies = 100;
const maximumListedExports = 1000;

/**
 * "Handshake" of the protocol document: newstyle, NBD_OPT_GO, and NBD_OPT_EXPORT_NAME for servers that lack it.
 *
 * @throws {NetherdError} `nbd.not-nbd`, `nbd.old-protocol`, `nbd.unknown-export`, `nbd.export-refused`,
 *   `nbd.tls-required`, `nbd.server-shutting-down`.
 * @throws {NbdProtocolError} for bytes that the protocol does not allow.
 */
export function* handshake(address: NbdAddress): Conversation<NegotiatedExport> {
	const greeting = yield* receiveGreeting(address);
	yield { send: encodeClientFlags(greeting) };
	if (!greeting.fixedNewstyle) return yield* chooseByExportName(address, greeting, false);

	const structuredReplies = yield* askForStructuredReplies(address);
	return yield* go(address, greeting, structuredReplies);
}

function* receiveGreeting(address: NbdAddress): Conversation<Greeting> {
	const magic = yield* receive(lengths.magic, "before it greeted");
	if (!isPasswordMagic(magic)) throw notNbd(address, magic);
	const greeting = decodeGreeting(yield* receive(lengths.restOfGreeting, "in the middle of its greeting"));
	if (!greeting.newstyle) throw oldProtocol(address);
	return greeting;
}

function* askForStructuredReplies(address: NbdAddress): Conversation<boolean> {
	yield { send: encodeOption(option.structuredReply) };
	const reply = yield* receiveReply(option.structuredReply);
	const isRefusal = reply.type === optionReply.tlsRequired || reply.type === optionReply.shuttingDown;
	if (isRefusal) return yield* refuse(address, reply);
	return reply.type === optionReply.acknowledged;
}

/** NBD_OPT_GO: NBD_REP_INFO replies, then NBD_REP_ACK; from there on the connection transmits. */
function* go(
	address: NbdAddress,
	greeting: Greeting,
	structuredReplies: boolean,
): Conversation<NegotiatedExport> {
	yield { send: encodeGo(address.exportName) };
	let facts: ExportFacts | undefined;
	let blockSizes = defaultBlockSizes;
	for (let replies = 0; replies < maximumInfoReplies; replies++) {
		const reply = yield* receiveReply(option.go);
		if (reply.type === optionReply.info) {
			const info = decodeInfo(reply.data);
			if (info !== undefined && "sizeBytes" in info) facts = info;
			if (info !== undefined && "minimumBytes" in info) blockSizes = info;
		} else if (reply.type === optionReply.acknowledged) {
			if (facts === undefined) throw new NbdProtocolError("NBD_OPT_GO accepted without the export's size");
			return { ...facts, ...blockSizes, structuredReplies };
		} else if (reply.type === optionReply.unsupported) {
			return yield* chooseByExportName(address, greeting, structuredReplies);
		} else {
			return yield* refuse(address, reply);
		}
	}
	throw new NbdProtocolError(`more than ${maximumInfoReplies} replies to NBD_OPT_GO`);
}

/** Says goodbye as "Termination of the session during option haggling" wants it, and throws. */
function* refuse(address: NbdAddress, reply: OptionReply): Conversation<never> {
	const available = reply.type === optionReply.unknownExport ? yield* listExports() : undefined;
	yield { send: encodeOption(option.abort) };
	const message = decodeText(reply.data);
	if (reply.type === optionReply.tlsRequired) throw tlsRequired(address);
	if (reply.type === optionReply.shuttingDown) throw serverShuttingDown(address);
	if (reply.type === optionReply.unknownExport) throw unknownExport(address, message, available);
	const name = Object.entries(optionReply).find(([, type]) => type === reply.type)?.[0];
	throw exportRefused(address, message || (name ?? `option reply 0x${reply.type.toString(16)}`));
}

/** The names that the server lists; undefined when it does not allow that, or fails: the list is only for a message. */
function* listExports(): Conversation<string[] | undefined> {
	const names: string[] = [];
	try {
		yield { send: encodeOption(option.list) };
		while (names.length < maximumListedExports) {
			const reply = yield* receiveReply(option.list);
			if (reply.type === optionReply.acknowledged) return names;
			if (reply.type !== optionReply.server) return undefined;
			names.push(decodeListedExport(reply.data));
		}
		return names;
	} catch {
		return undefined;
	}
}

/** NBD_OPT_EXPORT_NAME: a server that refuses closes the connection without a word. */
function* chooseByExportName(
	address: NbdAddress,
	greeting: Greeting,
	structuredReplies: boolean,
): Conversation<NegotiatedExport> {
	yield { send: encodeExportName(address.exportName) };
	let reply: Uint8Array;
	try {
		reply = yield* receive(lengths.exportNameReply, "when asked for the export");
	} catch (error) {
		if (!(error instanceof NetherdError && error.code === "nbd.connection-lost")) throw error;
		throw exportRefused(address, "it closed the connection when asked for it", error);
	}
	if (!greeting.noZeroes)
		yield* receive(lengths.exportNameReplyZeroes, "in the middle of the export's description");
	return { ...decodeExportFacts(reply), ...defaultBlockSizes, structuredReplies };
}

const defaultBlockSizes: BlockSizes = {
	minimumBytes: 1,
	preferredBytes: 4096,
	maximumPayloadBytes: defaultMaximumPayloadBytes,
};

interface OptionReply {
	readonly type: number;
	readonly data: Uint8Array;
}

function* receiveReply(expectedOption: number): Conversation<OptionReply> {
	const during = `in the negotiation (option ${expectedOption})`;
	const header = decodeOptionReplyHeader(yield* receive(lengths.optionReplyHeader, during));
	if (header.option !== expectedOption) {
		throw new NbdProtocolError(`reply to option ${header.option} instead of ${expectedOption}`);
	}
	if (header.lengthBytes > maximumReplyDataBytes) {
		throw new NbdProtocolError(`option reply with ${header.lengthBytes} bytes of data`);
	}
	return { type: header.type, data: yield* receive(header.lengthBytes, during) };
}

function* receive(lengthBytes: number, during: string): Conversation<Uint8Array> {
	const memory = new Uint8Array(lengthBytes);
	if (lengthBytes > 0) yield { receive: memory, during };
	return memory;
}
