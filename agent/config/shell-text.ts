/**
 * How a raw value of lts.conf becomes text. LTSP 5 hands every value to a shell between double quotes, so the rules
 * inside are those of double quotes in sh (POSIX, 2.2.3): `\"` `\$` `\\` `` \` `` lose the backslash, an inner `"` ends
 * the quotes and the next one opens them again. Nothing is ever executed here.
 */
export interface ShellText {
	/** In order; joined they are the value before expansion. */
	readonly pieces: readonly Piece[];
	/** Index in the raw text of the first inner quote that is not escaped, outside of `$(…)` and `` `…` ``. */
	readonly innerQuoteAt?: number;
	/** Why a shell would not read the text as one word. */
	readonly problem?: ShellTextProblem;
}

export interface Piece {
	readonly text: string;
	/** An escaped character: `$` and backquote in it mean themselves. */
	readonly literal: boolean;
}

export interface ShellTextProblem {
	readonly kind: "unbalanced" | "not-one-word" | "trailing-backslash" | "open-substitution";
	/** Index in the raw text. */
	readonly at: number;
}

/** Reads the text between the outer quotes of a quoted value, or a whole bare value. */
export function readShellText(raw: string): ShellText {
	if (!/["\\`]|\$\(/.test(raw)) return { pieces: [{ text: raw, literal: false }] };
	return new ShellTextReader(raw).read();
}

export function joinPieces(pieces: readonly Piece[]): string {
	return pieces.length === 1 ? (pieces[0]?.text ?? "") : pieces.map((piece) => piece.text).join("");
}

const escapable = new Set(['"', "$", "\\", "`"]);
// Ends a word, or starts something that a shell would run, when it stands outside of quotes.
const endsWord = /[\s;&|<>()']/;

class ShellTextReader {
	readonly #raw: string;
	readonly #pieces: Piece[] = [];
	#plain = "";
	#innerQuoteAt: number | undefined;
	/** What encloses the current position, innermost last: `$(`, a backquote, or quotes within them. */
	readonly #nesting: { kind: "(" | "`" | '"' | "'"; at: number }[] = [];
	#outside = false;
	#dollarAt = -1;

	constructor(raw: string) {
		this.#raw = raw;
	}

	read(): ShellText {
		const raw = this.#raw;
		for (let i = 0; i < raw.length; i++) {
			const character = raw.charAt(i);
			if (character === "\\") {
				const next = raw[i + 1];
				if (next === undefined) return this.#finish({ kind: "trailing-backslash", at: i });
				if (escapable.has(next) || this.#outside) this.#literal(next);
				else this.#plain += character + next;
				i++;
			} else if (this.#nesting.length > 0) {
				this.#inSubstitution(character, i);
			} else if (character === '"') {
				this.#innerQuoteAt ??= i;
				this.#outside = !this.#outside;
			} else if (this.#outside && endsWord.test(character)) {
				return this.#finish({ kind: "not-one-word", at: i });
			} else {
				this.#opening(character, i);
				this.#plain += character;
			}
		}
		if (this.#outside) return this.#finish({ kind: "unbalanced", at: this.#innerQuoteAt ?? 0 });
		const open = this.#nesting[0];
		return this.#finish(open && { kind: "open-substitution", at: open.at });
	}

	#inSubstitution(character: string, at: number): void {
		const inner = this.#nesting.at(-1)?.kind;
		this.#plain += character;
		if (character === (inner === "(" ? ")" : inner)) this.#nesting.pop();
		else if (inner === "'") return;
		else if (character === '"') this.#nesting.push({ kind: '"', at });
		else if (character === "'" && inner !== '"') this.#nesting.push({ kind: "'", at });
		else if (character === "(" && inner === "(") this.#nesting.push({ kind: "(", at });
		else this.#opening(character, at);
	}

	/** Notes a `$(` or a backquote that this character completes. */
	#opening(character: string, at: number): void {
		if (character === "$") this.#dollarAt = at;
		else if (character === "`") this.#nesting.push({ kind: "`", at });
		else if (character === "(" && this.#dollarAt === at - 1) this.#nesting.push({ kind: "(", at: at - 1 });
	}

	#literal(text: string): void {
		this.#flush();
		this.#pieces.push({ text, literal: true });
	}

	#flush(): void {
		if (this.#plain !== "") this.#pieces.push({ text: this.#plain, literal: false });
		this.#plain = "";
	}

	#finish(problem: ShellTextProblem | undefined): ShellText {
		this.#flush();
		return {
			pieces: this.#pieces,
			...(this.#innerQuoteAt === undefined ? {} : { innerQuoteAt: this.#innerQuoteAt }),
			...(problem === undefined ? {} : { problem }),
		};
	}
}
