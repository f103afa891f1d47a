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
	#offset = 0;
	#line = 1;
	#lineStart = 0;
	#lineEnd = 0;
	#isTooLong = false;

	constructor(text: string, options: { maximumLineLength: number }) {
		this.#text = text;
		this.#maximumLineLength = options.maximumLineLength;
		this.#startLine(0, 1);
		if (text.startsWith("\ufeff")) this.#offset = 1;
	}

	next(): Token {
		for (;;) {
			if (this.#isTooLong) return this.#take("tooLongLine", this.#offset, this.#offset, this.#lineEnd);
			this.#skipBlanks();
			if (this.#offset < this.#lineEnd && this.#text[this.#offset] !== "#") return this.#read();
			if (this.#lineEnd >= this.#text.length) {
				this.#offset = this.#text.length;
				return this.#take("end", this.#offset, this.#offset, this.#offset);
			}
			this.#startLine(this.#lineEnd + 1, this.#line + 1);
		}
	}

	/** Goes on behind the line in which the token starts. */
	skipLineOf(token: Token): void {
		this.back(token);
		this.#offset = this.#lineEnd;
		this.#isTooLong = false;
	}

	/** Goes back to a token, so that it is returned next. */
	back(token: Token): void {
		this.#startLine(token.at - token.column + 1, token.line);
		this.#offset = token.at;
	}

	#read(): Token {
		const start = this.#offset;
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
		const last = this.#text.lastIndexOf('"', this.#lineEnd - 1);
		if (last === start) return this.#take("openQuote", start, this.#lineEnd, this.#lineEnd);
		return this.#take("quoted", start + 1, last, last + 1);
	}

	#readBare(start: number): Token {
		this.#bare.lastIndex = start;
		this.#bare.test(this.#text);
		let end = this.#bare.lastIndex;
		const behind = end;
		while (isBlank(this.#text.charCodeAt(end - 1))) end--;
		if (this.#isInclude(start, behind)) return this.#take("include", start, end, this.#lineEnd);
		return this.#take("bare", start, end, behind);
	}

	#isInclude(start: number, behind: number): boolean {
		const word = this.#text.slice(start, start + 8);
		if (!/^include[ \t]/i.test(word) || this.#text.slice(this.#lineStart, start).trim() !== "") return false;
		return word.startsWith("include") || this.#text[behind] !== "=";
	}

	/** The token whose first character is at the current offset; goes on at `behind`. */
	#take(kind: TokenKind, start: number, end: number, behind: number): Token {
		const at = this.#offset;
		this.#offset = behind;
		this.#isTooLong = false;
		return { kind, at, start, end, line: this.#line, column: at - this.#lineStart + 1 };
	}

	#skipBlanks(): void {
		while (this.#offset < this.#lineEnd && isBlank(this.#text.charCodeAt(this.#offset))) this.#offset++;
	}

	#startLine(offset: number, line: number): void {
		this.#lineStart = offset;
		this.#offset = offset;
		this.#line = line;
		const end = this.#text.indexOf("\n", offset);
		this.#lineEnd = end < 0 ? this.#text.length : end;
		this.#isTooLong = this.#lineEnd - offset > this.#maximumLineLength;
	}
}

/** isspace(3) in the C locale, without the line end. */
function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0b || code === 0x0c;
}
