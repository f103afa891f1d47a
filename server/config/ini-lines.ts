/**
 * What stands on which line of an ini file, by the rules of the npm package `ini`, which reads values but reports
 * neither lines nor duplicates nor lines that it skips.
 */
export type IniLine =
	| { kind: "section"; line: number; section: string }
	| { kind: "entry"; line: number; section: string | undefined; key: string }
	| { kind: "unreadable"; line: number; text: string };

export function readIniLines(text: string): IniLine[] {
	const found: IniLine[] = [];
	let section: string | undefined;
	for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
		const line = index + 1;
		if (/^\s*([;#].*)?$/.test(content)) continue;
		const header = /^\[([^\]]*)\]\s*$/.exec(content);
		if (header) {
			section = (header[1] ?? "").trim();
			found.push({ kind: "section", line, section });
			continue;
		}
		const entry = /^([^=]+)=/.exec(content);
		if (entry === null || content.trimStart().startsWith("["))
			found.push({ kind: "unreadable", line, text: content });
		else found.push({ kind: "entry", line, section, key: (entry[1] ?? "").trim() });
	}
	return found;
}
