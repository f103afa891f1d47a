/** A character that does not belong into a text file. */
export interface BadCharacter {
	readonly offset: number;
	readonly character: string;
	/** How many there are; counted up to {@link countLimit} only. */
	readonly count: number;
}

export const countLimit = 1000;

/**
 * The first control character that is not white space, or a carriage return that is not at the end of a line (a file
 * with the line ends of old Macs would be one long comment).
 */
export function findBadCharacter(text: string): BadCharacter | undefined {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
	const control = /[\u0000-\u0008\u000e-\u001f\u007f]/g;
	let first: RegExpExecArray | undefined;
	let count = 0;
	for (const match of text.matchAll(control)) {
		first ??= match;
		if (++count === countLimit) break;
	}
	const strayReturn = findStrayReturn(text);
	if (first === undefined && strayReturn === undefined) return undefined;
	const offset = Math.min(first?.index ?? text.length, strayReturn ?? text.length);
	return { offset, character: text.charAt(offset), count: count + (strayReturn === undefined ? 0 : 1) };
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

function findStrayReturn(text: string): number | undefined {
	let at = text.indexOf("\r");
	while (at >= 0) {
		let behind = at + 1;
		while (isReturnOrBlank(text.charCodeAt(behind))) behind++;
		if (behind < text.length && text[behind] !== "\n") return at;
		at = text.indexOf("\r", behind);
	}
	return undefined;
}

function isReturnOrBlank(code: number): boolean {
	return code === 0x0d || code === 0x20 || code === 0x09;
}
