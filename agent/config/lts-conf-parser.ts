import { asciiLowerCase } from "./glob.ts";
import type { Entry, ParsedFile, Section } from "./lts-conf.ts";
import { problems, shellTextProblems } from "./lts-conf-problems.ts";
import { Scanner, type Token } from "./lts-conf-scanner.ts";
import { type Place, type Problem, Reporter } from "./reporter.ts";
import { joinPieces, readShellText } from "./shell-text.ts";
import { findBadCharacter, placeOf } from "./text-check.ts";

/**
 * Limits of a file. A value becomes a variable of a process, where Linux takes 128 KiB with its name (execve(2),
 * MAX_ARG_STRLEN). Lengths are in UTF-16 code units, the value's in bytes of UTF-8.
 */
export const limits = {
	fileLength: 32 * 1024 * 1024,
	lineLength: 1024 * 1024,
	valueBytes: 128 * 1024 - 512,
	nameLength: 255,
	entries: 500_000,
	sections: 200_000,
	findings: 100,
} as const;

interface MutableSection extends Section {
	readonly entries: Entry[];
}

/** One run over one text. */
export class LtsConfParser {
	readonly #text: string;
	readonly #file: string;
	readonly #scanner: Scanner;
	readonly #reporter: Reporter;
	readonly #sections: MutableSection[] = [];
	#current: MutableSection | undefined;
	#hasKeyBeforeSection = false;
	#entryCount = 0;
	#isStopped = false;
	/** The value of the entry just read, to tell what stands behind it on its line. */
	#lastValue: Token | undefined;

	constructor(text: string, file: string) {
		this.#text = text;
		this.#file = file;
		this.#scanner = new Scanner(text, { maximumLineLength: limits.lineLength });
		this.#reporter = new Reporter(file, limits.findings);
	}

	parse(): ParsedFile {
		this.#checkText();
		while (!this.#isStopped && !this.#reporter.isFull) {
			const token = this.#scanner.next();
			if (token.kind === "end") break;
			this.#readStatement(token);
		}
		return { file: this.#file, sections: this.#sections, findings: this.#reporter.findings };
	}

	#checkText(): void {
		const text = this.#text;
		if (text.length > limits.fileLength) {
			const problem = problems.fileTooLarge(text.length, limits.fileLength);
			this.#stop(placeOf(text, limits.fileLength), problem);
			return;
		}
		if (text.startsWith("\ufeff")) this.#reporter.report({ line: 1, column: 1 }, problems.byteOrderMark);
		const bad = findBadCharacter(text);
		if (bad === undefined) return;
		this.#reporter.report(placeOf(text, bad.offset), problems.controlCharacter(bad.character, bad.count - 1));
		// A few strays are reported beside the file's other problems; in binary data all other problems are noise.
		if (bad.count > 20) this.#isStopped = true;
	}

	#readStatement(token: Token): void {
		if (token.kind === "[") this.#readSection(token);
		else if (token.kind === "bare" || token.kind === "quoted") this.#readEntry(token);
		else this.#fail(token, misplaced(token));
	}

	#readSection(open: Token): void {
		const name = this.#scanner.next();
		if (name.kind !== "bare" && name.kind !== "quoted") {
			this.#scanner.back(name);
			this.#fail(open, name.kind === "]" ? problems.emptySectionName : problems.badSection);
			return;
		}
		const nameAsWritten = this.#textOf(name);
		const close = this.#scanner.next();
		if (close.kind !== "]") {
			this.#fail(open, problems.unclosedSection(nameAsWritten));
			return;
		}
		if (nameAsWritten.length > limits.nameLength) {
			const problem = problems.sectionNameTooLong(nameAsWritten.length, limits.nameLength);
			this.#reporter.report(placeOfToken(name), problem);
		}
		this.#checkEncoding(name);
		if (this.#lastValue?.line === open.line) {
			this.#reporter.report(placeOfToken(open), problems.sectionInLine(nameAsWritten));
		}
		this.#lastValue = undefined;
		const { line, column } = open;
		const { start, end } = name;
		this.#current = {
			name: asciiLowerCase(nameAsWritten),
			nameAsWritten,
			line,
			column,
			start,
			end,
			entries: [],
		};
		if (this.#sections.push(this.#current) > limits.sections) {
			this.#stop(open, problems.tooManySections(limits.sections));
		}
	}

	#readEntry(key: Token): void {
		const equals = this.#scanner.next();
		if (equals.kind !== "=") {
			const isBehindValue = this.#lastValue?.line === key.line;
			const name = this.#textOf(key);
			this.#fail(key, isBehindValue ? problems.textAfterValue(name) : problems.missingEquals(name));
			return;
		}
		const value = this.#scanner.next();
		if (!this.#isValue(value, equals)) {
			this.#failWithoutValue(key, equals, value);
			return;
		}
		const behind = this.#problemBehind(value);
		if (behind !== undefined) {
			this.#fail(behind.token, behind.problem);
			return;
		}
		this.#lastValue = value;
		const nameIsGood = this.#checkKey(key);
		const text = this.#readValue(value);
		if (nameIsGood && text !== undefined) this.#add(this.#makeEntry(key, value, text));
	}

	/** A value may stand on a line after its `=`, unless what stands there is the next key. */
	#isValue(value: Token, equals: Token): boolean {
		if (value.kind !== "bare" && value.kind !== "quoted") return false;
		if (value.line === equals.line) return true;
		const behind = this.#scanner.next();
		this.#scanner.back(behind);
		if (behind.kind === "=") return false;
		this.#reporter.report(placeOfToken(value), problems.valueOnNextLine);
		return true;
	}

	#failWithoutValue(key: Token, equals: Token, found: Token): void {
		const name = this.#textOf(key);
		if (found.line !== equals.line || found.kind === "end") {
			this.#fail(key, problems.missingValue(name), equals);
		} else if (found.kind === "[" || found.kind === "]" || found.kind === "=") {
			this.#fail(found, problems.unquotedStart(name, found.kind));
		} else this.#fail(found, misplaced(found));
	}

	/** What must not follow a value on its line. A key and `[` may: LTSP 5 reads `A="x" B=2` as two statements. */
	#problemBehind(value: Token): { token: Token; problem: Problem } | undefined {
		const token = this.#scanner.next();
		this.#scanner.back(token);
		if (token.line !== value.line) return undefined;
		switch (token.kind) {
			case "=":
				return { token, problem: problems.secondEquals };
			case "]":
				return { token, problem: problems.bracketInValue };
			case "quoted":
				return { token, problem: problems.quotedBehindValue };
			case "'":
			case "openQuote":
				return { token, problem: misplaced(token) };
			default:
				return undefined;
		}
	}

	#checkKey(key: Token): boolean {
		const name = this.#textOf(key);
		const isKey = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
		if (isKey && name.length <= limits.nameLength) return true;
		const problem = isKey ? problems.keyTooLong(name.length, limits.nameLength) : problems.badKey(name);
		this.#reporter.report(placeOfToken(key), problem);
		return false;
	}

	/** The value without quotes and backslashes; undefined after an error. */
	#readValue(value: Token): string | undefined {
		const raw = this.#textOf(value);
		if (raw.length * 3 > limits.valueBytes && Buffer.byteLength(raw) > limits.valueBytes) {
			this.#reporter.report(placeOfToken(value), problems.valueTooLong(limits.valueBytes));
			return undefined;
		}
		this.#checkEncoding(value);
		const { pieces, problem, innerQuoteAt } = readShellText(raw);
		if (problem !== undefined) {
			this.#reporter.report(placeInside(value, problem.at), shellTextProblems[problem.kind]);
			return undefined;
		}
		if (innerQuoteAt !== undefined) {
			this.#reporter.report(placeInside(value, innerQuoteAt), problems.innerQuote);
		}
		return joinPieces(pieces);
	}

	/** U+FFFD is where the decoder met bytes that are not UTF-8; the bytes themselves are lost. In comments it is harmless. */
	#checkEncoding(token: Token): void {
		const index = this.#textOf(token).indexOf("\ufffd");
		if (index >= 0) this.#reporter.report(placeInside(token, index), problems.notUtf8);
	}

	#makeEntry(key: Token, value: Token, text: string): Entry {
		return {
			key: this.#textOf(key).toUpperCase(),
			value: text,
			raw: this.#textOf(value),
			quoted: value.kind === "quoted",
			line: key.line,
			column: key.column,
			valueLine: value.line,
			valueColumn: value.column + (value.start - value.at),
			start: value.start,
			end: value.end,
		};
	}

	#add(entry: Entry): void {
		if (this.#current === undefined) {
			if (!this.#hasKeyBeforeSection) this.#reporter.report(entry, problems.keyBeforeSection(entry.key));
			this.#hasKeyBeforeSection = true;
			return;
		}
		this.#current.entries.push(entry);
		if (++this.#entryCount > limits.entries) this.#stop(entry, problems.tooManyEntries(limits.entries));
	}

	/** Reports a problem and goes on behind the line of its token, or of `last`. */
	#fail(token: Token, problem: Problem, last: Token = token): void {
		this.#reporter.report(placeOfToken(token), problem);
		this.#lastValue = undefined;
		this.#scanner.skipLineOf(last);
	}

	#stop({ line, column }: Place, problem: Problem): void {
		this.#reporter.report({ line, column }, problem);
		this.#isStopped = true;
	}

	#textOf(token: Token): string {
		return this.#text.slice(token.start, token.end);
	}
}

/** The problem of a token that can start no statement. */
function misplaced(token: Token): Problem {
	switch (token.kind) {
		case "include":
			return problems.include;
		case "tooLongLine":
			return problems.lineTooLong(limits.lineLength);
		case "'":
			return problems.singleQuote;
		case "openQuote":
			return problems.openQuote;
		case "=":
			return problems.missingKey;
		default:
			return problems.strayBracket;
	}
}

function placeOfToken(token: Token): Place {
	const { line, column } = token;
	const length = token.end - token.at + (token.kind === "quoted" ? 1 : 0);
	return { line, column, endColumn: column + Math.max(1, length) };
}

function placeInside(value: Token, index: number): Place {
	return { line: value.line, column: value.column + (value.start + index - value.at) };
}
