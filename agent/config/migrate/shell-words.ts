/** A command of a shell line, as far as one can tell without a shell: words, and what stands between commands. */
export type ShellToken =
	| { readonly kind: "word"; readonly text: string; readonly start: number; readonly end: number }
	| { readonly kind: "operator"; readonly text: string; readonly start: number; readonly end: number };

/**
 * Splits a line into words and operators (POSIX shell, 2.3), for lines of a plain sort. `$NAME` stays in the words; quotes
 * around whole words or parts of them go.
 *
 * @returns undefined for a line with backslashes, substitutions, here-documents, or quotes that do not end.
 */
export function splitShellLine(line: string): readonly ShellToken[] | undefined {
	if (/[\\`\n]|\$[({]|<</.test(line)) return undefined;
	const tokens: ShellToken[] = [];
	const pattern =
		/\s+|#.*$|(?<operator>&>>?|\d?>>?(?:&\d)?|&&|\|\||[;&|<()])|(?<word>(?:[^\s'";&|<>()]|'[^']*'|"[^"]*")+)|(?<broken>['"])/y;
	while (pattern.lastIndex < line.length) {
		const start = pattern.lastIndex;
		const match = pattern.exec(line);
		const { operator, word } = match?.groups ?? {};
		if (match === null || match.groups?.broken !== undefined) return undefined;
		const end = pattern.lastIndex;
		if (operator !== undefined) tokens.push({ kind: "operator", text: operator, start, end });
		if (word === undefined) continue;
		// In single quotes a $ means itself; nothing can say so in a value of lts.conf.
		if (/'[^']*\$[^']*'/.test(word)) return undefined;
		tokens.push({ kind: "word", text: word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"), start, end });
	}
	return tokens;
}
