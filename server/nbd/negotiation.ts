import {
	type ClientOption,
	clientFlagsBytes,
	decodeOptionHeader,
	encodeOption,
	encodeReply,
	encodeText,
	maximumOptionBytes,
	optionHeaderBytes,
	optionType,
	readNamedOption,
	replyType,
} from "./option-codec.ts";

/** An export as a client asks for it, and what is behind it. */
export interface FoundExport {
	readonly exportName: string;
	readonly image: string;
	readonly version: string;
	/** What nbdkit calls it. */
	readonly target: string;
}

/** What the relay knows about exports. */
export interface Exports {
	/** The export of that name now, or the reason why there is none. */
	find(exportName: string): FoundExport | { readonly refusal: string };
	/** For a client that asks for a list. */
	names(): readonly string[];
	/** A client begins to read. @returns To be called when it ends. */
	begin(chosen: FoundExport): () => void;
}

/** What to do with what the client sent, in this order. */
export type Step =
	| { do: "forward"; bytes: Buffer }
	| { do: "answer"; bytes: Buffer }
	| { do: "note-refusal"; exportName: string; reason: string }
	/** From here on bytes pass unread; `bytes` are the first. */
	| { do: "begin-transmission"; chosen: FoundExport; bytes: Buffer }
	| { do: "close"; reason: string };

/** "Strings in NBD are at most 4096 bytes"; a character has at most four. */
const maximumReasonCharacters = 1000;

/**
 * Follows the client's side of a negotiation and decides, without I/O. It needs only that side: the client shows by its
 * next eight bytes whether it goes on negotiating or has begun to read.
 */
export class Negotiation {
	readonly #exports: Exports;
	#buffered: Buffer = Buffer.alloc(0);
	#sawFlags = false;
	/** The export that the client chose last. */
	#chosen: FoundExport | undefined;

	constructor(exports: Exports) {
		this.#exports = exports;
	}

	/** Takes the client's next bytes. Not to be called again after `begin-transmission` or `close`. */
	take(chunk: Buffer): Step[] {
		this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
		const steps: Step[] = [];
		for (;;) {
			const next = this.#next();
			if (next === undefined) return steps;
			steps.push(...next);
			if (next.some((step) => step.do === "begin-transmission" || step.do === "close")) return steps;
		}
	}

	/** The steps for the next whole piece; undefined when the piece is not complete yet. */
	#next(): Step[] | undefined {
		if (!this.#sawFlags) {
			if (this.#buffered.length < clientFlagsBytes) return undefined;
			this.#sawFlags = true;
			return [{ do: "forward", bytes: this.#consume(clientFlagsBytes) }];
		}
		if (this.#buffered.length < optionHeaderBytes) return undefined;
		const header = decodeOptionHeader(this.#buffered);
		if (header === undefined) {
			if (this.#chosen === undefined) return [{ do: "close", reason: "does not speak NBD" }];
			return [this.#begin(this.#chosen)];
		}
		if (header.dataBytes > maximumOptionBytes) {
			return [{ do: "close", reason: `sent an option of ${header.dataBytes} bytes` }];
		}
		if (this.#buffered.length < optionHeaderBytes + header.dataBytes) return undefined;
		const bytes = this.#consume(optionHeaderBytes + header.dataBytes);
		return this.#decide({ type: header.type, data: bytes.subarray(optionHeaderBytes) }, bytes);
	}

	#decide(option: ClientOption, bytes: Buffer): Step[] {
		if (option.type === optionType.list) return [{ do: "answer", bytes: this.#list() }];
		const named = readNamedOption(option);
		if (named === undefined) return [{ do: "forward", bytes }];
		if (named === "malformed") {
			return [{ do: "answer", bytes: encodeReply(option.type, replyType.invalid) }];
		}
		const { exportName } = named;
		const found = this.#exports.find(exportName);
		if ("refusal" in found) return this.#refuse(option, exportName, found.refusal);
		const forward: Step = { do: "forward", bytes: encodeOption(named.renamed(found.target)) };
		if (option.type === optionType.go) this.#chosen = found;
		return option.type === optionType.exportName ? [forward, this.#begin(found)] : [forward];
	}

	#refuse(option: ClientOption, exportName: string, reason: string): Step[] {
		const note: Step = { do: "note-refusal", exportName, reason };
		// NBD_OPT_EXPORT_NAME has no reply for failure ("Option types").
		if (option.type === optionType.exportName) return [note, { do: "close", reason }];
		const text = Buffer.from(reason.slice(0, maximumReasonCharacters), "utf8");
		return [note, { do: "answer", bytes: encodeReply(option.type, replyType.unknownExport, text) }];
	}

	#list(): Buffer {
		const servers = this.#exports
			.names()
			.map((name) => encodeReply(optionType.list, replyType.server, encodeText(name)));
		return Buffer.concat([...servers, encodeReply(optionType.list, replyType.acknowledged)]);
	}

	#begin(chosen: FoundExport): Step {
		return { do: "begin-transmission", chosen, bytes: this.#consume(this.#buffered.length) };
	}

	#consume(count: number): Buffer {
		const taken = this.#buffered.subarray(0, count);
		this.#buffered = this.#buffered.subarray(count);
		return taken;
	}
}
