import { type Finding, findingToJson, renderFindings } from "../config/findings.ts";
import { hideSecrets, redactSecrets, secretWords } from "../config/secrets.ts";

/** How a command prints. */
export interface Output {
	readonly format: "text" | "json";
	readonly colour: boolean;
	readonly print: (text: string) => void;
}

/** A text that an operator wrote. */
export interface Source {
	/** Its name in findings. */
	readonly file: string;
	readonly text: string;
}

/**
 * Findings as `agent check` prints them: each with its line, then a count for each source; or `{"findings": [...]}`. The
 * places are those of the text as it is, but secrets in it are shown as asterisks.
 */
export function printFindings(
	findings: readonly Finding[],
	sources: readonly Source[],
	{ format, colour, print }: Output,
): void {
	const secrets = new Map(
		sources.map(({ file, text }) => [file, secretWords(redactSecrets(text, file).secrets)]),
	);
	const shown = findings.map((finding) => ({
		...finding,
		message: hideSecrets(finding.message, secrets.get(finding.file) ?? new Map()),
	}));
	if (format === "json") {
		print(`${JSON.stringify({ findings: shown.map(findingToJson) }, null, 1)}\n`);
		return;
	}
	for (const { file, text } of sources) {
		const own = shown.filter((finding) => finding.file === file);
		if (own.length > 0) print(`${renderFindings(own, maskSecrets(text, file), { colour })}\n\n`);
	}
	for (const { file } of sources) {
		print(`${file}: ${countFindings(findings.filter((finding) => finding.file === file))}\n`);
	}
}

/** `1 error, 2 warnings`. */
export function countFindings(findings: readonly Finding[]): string {
	const errors = findings.filter(({ severity }) => severity === "error").length;
	const warnings = findings.length - errors;
	if (findings.length === 0) return "nothing wrong";
	const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
	return `${count(errors, "error")}, ${count(warnings, "warning")}`;
}

/** The text with an asterisk for every character of a secret, so that lines and columns stay where they are. */
export function maskSecrets(text: string, file: string): string {
	const redacted = redactSecrets(text, file).text;
	if (redacted === text) return text;
	const markedLines = redacted.split("\n");
	return text
		.split("\n")
		.map((line, index) => (line === markedLines[index] ? line : maskLine(line, markedLines[index] ?? "")))
		.join("\n");
}

/** `marked` is the line with markers; what stands before the first and behind the last is no secret. */
function maskLine(line: string, marked: string): string {
	const start = Math.max(marked.indexOf("{secret:"), 0);
	const behind = marked.length - (marked.lastIndexOf("}") + 1);
	const end = Math.max(line.length - behind, start);
	return line.slice(0, start) + "*".repeat(end - start) + line.slice(end);
}
