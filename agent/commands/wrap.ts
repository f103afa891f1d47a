/** Breaks a text at blanks into lines of at most `columns` characters; a word that is longer stands alone. */
export function wrap(text: string, columns: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line !== "" && line.length + 1 + word.length > columns) {
			lines.push(line);
			line = word;
		} else {
			line = line === "" ? word : `${line} ${word}`;
		}
	}
	return line === "" ? lines : [...lines, line];
}

/** The same with something before the first line, and blanks of its length before the others. */
export function wrapBehind(start: string, text: string, columns: number): string {
	return wrap(text, columns - start.length)
		.map((line, index) => (index === 0 ? start : " ".repeat(start.length)) + line)
		.join("\n");
}
