/**
 * One thing that is wrong, or suspicious, in a text that an operator wrote: `lts.conf` or the kernel command line.
 * Reading never throws for what the text says; it returns findings.
 */
export interface Finding {
	readonly severity: "error" | "warning";
	/** Stable, `area.what-is-wrong`; each code has an entry in docs/errors.md. */
	readonly code: string;
	readonly file: string;
	/** From 1. */
	readonly line: number;
	/** From 1, in UTF-16 code units. */
	readonly column: number;
	readonly message: string;
	/** What the operator can do, in the imperative. */
	readonly hint: string;
	/** First column behind the marked text, when more than one character is marked. */
	readonly endColumn?: number;
}

/** The form in which findings leave the program: exactly these seven members. */
export type FindingJson = Omit<Finding, "endColumn">;

/** How many columns of a long source line are shown. */
const windowColumns = 100;

export function hasErrors(findings: readonly Finding[]): boolean {
	return findings.some((finding) => finding.severity === "error");
}

/** By file, then position; errors before warnings at the same place. Findings of one place keep their order. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
	return [...findings].sort(
		(a, b) =>
			compareText(a.file, b.file) ||
			a.line - b.line ||
			a.column - b.column ||
			compareText(a.severity, b.severity),
	);
}

export function findingToJson(finding: Finding): FindingJson {
	const { severity, code, file, line, column, message, hint } = finding;
	return { severity, code, file, line, column, message, hint };
}

/**
 * `file:line:column: error[code]: message`, the source line, a caret under the place, and the hint. The source line is
 * cut to a window around the place and control characters are made visible, so that any file can be printed.
 */
export function renderFinding(finding: Finding, sourceText: string, options: { colour: boolean }): string {
	return renderFindings([finding], sourceText, options);
}

/** All findings one after another; `sourceText` is walked once when they are sorted by line. */
export function renderFindings(
	findings: readonly Finding[],
	sourceText: string,
	options: { colour: boolean },
): string {
	const cursor = { line: 1, offset: 0 };
	return findings.map((finding) => renderOne(finding, sourceText, cursor, options.colour)).join("\n");
}

/** Text for a message: control and invisible characters made visible, long text cut. */
export function visible(text: string, maximumLength = 60): string {
	const cut = text.length > maximumLength ? `${text.slice(0, maximumLength - 1)}…` : text;
	return replaceInvisible(cut);
}

function renderOne(
	finding: Finding,
	sourceText: string,
	cursor: { line: number; offset: number },
	colour: boolean,
): string {
	const paint = colour ? ansi : plain;
	const mark = finding.severity === "error" ? paint.red : paint.yellow;
	const place = paint.bold(`${visible(finding.file, 1000)}:${finding.line}:${finding.column}:`);
	const head = `${place} ${mark(`${finding.severity}[${finding.code}]`)}: ${finding.message}`;
	const lines = [head];
	const source = sourceLine(sourceText, finding.line, cursor);
	if (source !== undefined) {
		const { shown, caret } = excerpt(source, finding.column, finding.endColumn);
		const number = String(finding.line);
		lines.push(`  ${number} | ${shown}`, `  ${" ".repeat(number.length)} | ${mark(caret)}`);
	}
	lines.push(`  ${paint.cyan("hint:")} ${finding.hint}`);
	return lines.join("\n");
}

function sourceLine(
	text: string,
	line: number,
	cursor: { line: number; offset: number },
): string | undefined {
	if (line < cursor.line) Object.assign(cursor, { line: 1, offset: 0 });
	while (cursor.line < line) {
		const lineEnd = text.indexOf("\n", cursor.offset);
		if (lineEnd < 0) return undefined;
		cursor.offset = lineEnd + 1;
		cursor.line++;
	}
	const end = text.indexOf("\n", cursor.offset);
	const source = text.slice(cursor.offset, end < 0 ? text.length : end);
	return source.endsWith("\r") ? source.slice(0, -1) : source;
}

function excerpt(source: string, column: number, endColumn: number | undefined) {
	const at = Math.min(column - 1, source.length);
	const from =
		source.length <= windowColumns
			? 0
			: Math.max(0, Math.min(at - windowColumns / 2, source.length - windowColumns));
	const to = Math.min(source.length, from + windowColumns);
	const before = `${from > 0 ? "…" : ""}${replaceInvisible(source.slice(from, at))}`;
	const markedEnd = Math.max(at + 1, Math.min(endColumn === undefined ? at + 1 : endColumn - 1, to));
	const marked = replaceInvisible(source.slice(at, markedEnd));
	const after = `${replaceInvisible(source.slice(markedEnd, to))}${to < source.length ? "…" : ""}`;
	return {
		shown: `${before}${marked}${after}`,
		caret: `${" ".repeat(before.length)}${"^".repeat(Math.max(1, marked.length))}`,
	};
}

// C0 and C1 controls, and what is drawn as nothing or turns the direction of the text around it.
const invisible =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to make visible
	/[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function replaceInvisible(text: string): string {
	return text.replace(invisible, (character) => {
		const code = character.charCodeAt(0);
		if (character === "\t") return " ";
		if (code < 0x20) return String.fromCharCode(0x2400 + code);
		if (code === 0x7f) return "\u2421";
		return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
	});
}

function compareText(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

type Paint = Record<"red" | "yellow" | "cyan" | "bold", (text: string) => string>;

const plain: Paint = { red: same, yellow: same, cyan: same, bold: same };
const ansi: Paint = {
	red: (text) => `\u001b[1;31m${text}\u001b[0m`,
	yellow: (text) => `\u001b[1;33m${text}\u001b[0m`,
	cyan: (text) => `\u001b[36m${text}\u001b[0m`,
	bold: (text) => `\u001b[1m${text}\u001b[0m`,
};

function same(text: string): string {
	return text;
}
