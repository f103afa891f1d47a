/** Splits lts.conf into tokens, in linear time. Blanks, line ends and comments separate tokens and are not returned. */
export interface Token {
	readonly kind: TokenKind;
	/** Offset of the token's first character, the quote included. */
	readonly at: number;
	/** Offsets of the trimmed name or value, without quotes. */
	readonly start: number;
	readonly end: number;
	/** Place of the token's first character. */
	readonly line: number;
	readonly column: number;
	readonly row: Row;
}

/** One line of the text, shared by its tokens so that going back to one takes no search. */
interface Row {
	readonly number: number;
	readonly start: number;
	/** Offset of the line end. */
	readonly end: number;
	/** Offset of the first token; -1 before it is read. */
	firstTokenAt: number;
}

/**
 * `bare`: a run of characters other than `= newline [ ] " ' #`. `quoted`: from the first `"` to the last one on the
 * line. `openQuote`: a `"` without another on its line. `include`: a line that starts with the word and a blank.
 */
export type TokenKind =
	| "["
	| "]"
	| "="
	| "'"
	| "bare"
	| "quoted"
	| "openQuote"
	| "include"
	| "tooLongLine"
	| "end";

export class Scanner {
	readonly #text: string;
	readonly #maximumLineLength: number;
	readonly #bare = /[^=\n[\]"'#]+/y;
	#row: Row;
	#offset = 0;
	#isTooLong = false;

	constructor(text: string, options: { maximumLineLength: number }) {
		this.#text = text;
		this.#maximumLineLength = options.maximumLineLength;
		this.#row = this.#startRow(0, 1);
		if (text.startsWith("\ufeff")) this.#offset = 1;
	}

	next(): Token {
		for (;;) {
			if (this.#isTooLong) return this.#take("tooLongLine", this.#offset, this.#offset, this.#row.end);
			this.#skipBlanks();
			if (this.#offset < this.#row.end && this.#text[this.#offset] !== "#") return this.#read();
			if (this.#row.end >= this.#text.length) {
				this.#offset = this.#text.length;
				return this.#take("end", this.#offset, this.#offset, this.#offset);
			}
			this.#row = this.#startRow(this.#row.end + 1, this.#row.number + 1);
		}
	}

	/** Goes on behind the line in which the token starts. */
	skipLineOf(token: Token): void {
		this.#row = token.row;
		this.#offset = token.row.end;
		this.#isTooLong = false;
	}

	/** Goes back to a token, so that it is returned next. */
	back(token: Token): void {
		this.#row = token.row;
		this.#offset = token.at;
		this.#isTooLong = token.kind === "tooLongLine";
	}

	#read(): Token {
		const start = this.#offset;
		if (this.#row.firstTokenAt < 0) this.#row.firstTokenAt = start;
		const character = this.#text[start];
		switch (character) {
			case "[":
			case "]":
			case "=":
			case "'":
				return this.#take(character, start, start + 1, start + 1);
			case '"':
				return this.#readQuoted(start);
			default:
				return this.#readBare(start);
		}
	}

	#readQuoted(start: number): Token {
		const last = this.#text.lastIndexOf('"', this.#row.end - 1);
		if (last === start) return this.#take("openQuote", start, this.#row.end, this.#row.end);
		return this.#take("quoted", start + 1, last, last + 1);
	}

	#readBare(start: number): Token {
		this.#bare.lastIndex = start;
		this.#bare.test(this.#text);
		let end = this.#bare.lastIndex;
		const behind = end;
		while (isBlank(this.#text.charCodeAt(end - 1))) end--;
		if (this.#isInclude(start, behind)) return this.#take("include", start, end, this.#row.end);
		return this.#take("bare", start, end, behind);
	}

	#isInclude(start: number, behind: number): boolean {
		if (start !== this.#row.firstTokenAt) return false;
		const word = this.#text.slice(start, start + 8);
		if (!/^include[ \t]/i.test(word)) return false;
		return word.startsWith("include") || this.#text[behind] !== "=";
	}

	/** The token whose first character is at the current offset; goes on at `behind`. */
	#take(kind: TokenKind, start: number, end: number, behind: number): Token {
		const at = this.#offset;
		const row = this.#row;
		this.#offset = behind;
		this.#isTooLong = false;
		return { kind, at, start, end, line: row.number, column: at - row.start + 1, row };
	}

	#skipBlanks(): void {
		while (this.#offset < this.#row.end && isBlank(this.#text.charCodeAt(this.#offset))) this.#offset++;
	}

	/** The line that starts at an offset; goes on there. */
	#startRow(start: number, number: number): Row {
		const lineEnd = this.#text.indexOf("\n", start);
		const end = lineEnd < 0 ? this.#text.length : lineEnd;
		this.#offset = start;
		this.#isTooLong = end - start > this.#maximumLineLength;
		return { number, start, end, firstTokenAt: -1 };
	}
}

/** isspace(3) in the C locale, without the line end. */
function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0b || code === 0x0c;
}
