import { readFileSync } from "node:fs";
import { checkLtsConf } from "../config/check.ts";
import { hasErrors } from "../config/findings.ts";
import { NetherdError } from "../errors.ts";
import { type Output, printFindings } from "./findings-output.ts";

/** `agent check FILE`. Returns the exit code: 0, 1 (warnings, with `strict`), 2 (errors). */
export function check(file: string, { strict }: { strict: boolean }, output: Output): number {
	const text = readText(file);
	const findings = checkLtsConf(text, file);
	printFindings(findings, [{ file, text }], output);
	if (hasErrors(findings)) return 2;
	return strict && findings.length > 0 ? 1 : 0;
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
