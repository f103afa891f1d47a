/** A character that does not belong into a text file. */
export interface BadCharacter {
	/** From 1. */
	readonly line: number;
	readonly column: number;
	readonly character: string;
	/** How many there are, at most {@link countLimit}. */
	readonly count: number;
}

export const countLimit = 1000;

/**
 * The first control character that is not white space, or a carriage return within a line, or (outside of comment lines)
 * U+FFFD, which is where the decoder met bytes that are not UTF-8.
 */
export function findBadCharacter(text: string): BadCharacter | undefined {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
	const bad = /[\u0000-\u0008\u000e-\u001f\u007f\ufffd]|\r(?![\r \t]*(?:\n|$))/g;
	let first: RegExpExecArray | undefined;
	let count = 0;
	for (const match of text.matchAll(bad)) {
		if (match[0] === "\ufffd" && isInCommentLine(text, match.index)) continue;
		first ??= match;
		if (++count === countLimit) break;
	}
	return first && { ...placeOf(text, first.index), character: first[0], count };
}

/** Line and column, from 1, of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
	let line = 1;
	let lineStart = 0;
	for (;;) {
		const end = text.indexOf("\n", lineStart);
		if (end < 0 || end >= offset) return { line, column: offset - lineStart + 1 };
		line++;
		lineStart = end + 1;
	}
}

function isInCommentLine(text: string, offset: number): boolean {
	const lineStart = text.lastIndexOf("\n", offset) + 1;
	const start = text.slice(lineStart, Math.min(offset, lineStart + 200));
	return start.trimStart().startsWith("#");
}
