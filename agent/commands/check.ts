import { readFileSync } from "node:fs";
import { checkLtsConf } from "../config/check.ts";
import { type Finding, findingToJson, hasErrors, renderFindings } from "../config/findings.ts";
import { NetherdError } from "../errors.ts";

/** `agent check FILE`. Returns the exit code: 0, 1 (warnings, with `strict`), 2 (errors). */
export function check(
	file: string,
	options: { strict: boolean; format: "text" | "json"; colour: boolean },
	print: (text: string) => void,
): number {
	const text = readText(file);
	const findings = checkLtsConf(text, file);
	if (options.format === "json") {
		print(`${JSON.stringify({ findings: findings.map(findingToJson) }, null, 1)}\n`);
	} else {
		if (findings.length > 0) print(`${renderFindings(findings, text, options)}\n\n`);
		print(`${file}: ${summary(findings)}\n`);
	}
	if (hasErrors(findings)) return 2;
	return options.strict && findings.length > 0 ? 1 : 0;
}

/**
 * The text of a file that a person named.
 *
 * @throws {NetherdError} `usage.unreadable-file`.
 */
export function readText(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		throw new NetherdError("usage.unreadable-file", `can't read ${file}`, {
			hint: "check the path and its permissions",
			cause: error,
		});
	}
}

function summary(findings: readonly Finding[]): string {
	const errors = findings.filter(({ severity }) => severity === "error").length;
	const warnings = findings.length - errors;
	if (findings.length === 0) return "nothing wrong";
	const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
	return `${count(errors, "error")}, ${count(warnings, "warning")}`;
}
