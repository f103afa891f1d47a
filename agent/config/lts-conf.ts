import type { Finding } from "./findings.ts";
import { LtsConfParser } from "./lts-conf-parser.ts";

/** What a file says. With an error among the findings it must not be used: the rest is only for further findings. */
export interface ParsedFile {
	readonly file: string;
	readonly sections: readonly Section[];
	readonly findings: readonly Finding[];
}

export interface Section {
	/** In lower case: names are compared without regard to case. */
	readonly name: string;
	readonly nameAsWritten: string;
	readonly line: number;
	/** Of the `[`. */
	readonly column: number;
	/** Offsets of the name in the text. */
	readonly start: number;
	readonly end: number;
	readonly entries: readonly Entry[];
}

export interface Entry {
	/** In upper case. */
	readonly key: string;
	/** Without quotes and backslashes, before `$NAME` is replaced. */
	readonly value: string;
	/** As written, without the outer quotes. */
	readonly raw: string;
	readonly quoted: boolean;
	/** Place of the key. */
	readonly line: number;
	readonly column: number;
	/** Place of the first character of `raw`. */
	readonly valueLine: number;
	readonly valueColumn: number;
	/** Offsets of `raw` in the text. */
	readonly start: number;
	readonly end: number;
}

/**
 * Reads an lts.conf in the grammar of LTSP 5's parser: tokens, not lines, so `[a] LIKE = b` may stand on one line.
 * Never throws; one run reports several problems. Time is linear in the length of the text.
 */
export function parseLtsConf(text: string, file: string): ParsedFile {
	return new LtsConfParser(text, file).parse();
}
