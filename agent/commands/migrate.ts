import { createTwoFilesPatch } from "diff";
import { hasErrors } from "../config/findings.ts";
import { migrateLtsConf } from "../config/migrate/migrate.ts";
import { hideSecrets, redactSecrets, secretWords } from "../config/secrets.ts";
import { NetherdError } from "../errors.ts";
import { rewriteFile } from "../host/rewrite-file.ts";
import { readText } from "./check.ts";
import { type Output, printFindings } from "./findings-output.ts";

/**
 * `agent migrate FILE`: the difference, with secrets by name, or with `write` the new file itself. Returns the exit code:
 * 0, 1 (lines are left for a person), 2 (errors in the file).
 *
 * @throws {NetherdError} `usage.unreadable-file`, `usage.unwritable-file`.
 */
export function migrate(file: string, { write }: { write: boolean }, output: Output): number {
	const text = readText(file);
	const { text: migrated, findings, migrated: count } = migrateLtsConf(text, file);
	if (hasErrors(findings)) {
		printFindings(findings, [{ file, text }], output);
		return 2;
	}
	if (count > 0) {
		if (write) rewrite(file, migrated);
		output.print(`${difference(file, text, migrated)}\n\n`);
	}
	output.print(`${summary(file, count, write)}\n`);
	if (findings.length > 0) output.print("\n");
	if (findings.length > 0) printFindings(findings, [{ file, text }], output);
	return findings.some(({ code }) => code === "lts-conf.join-in-rcfile") ? 1 : 0;
}

/** A unified diff to look at; what it hides keeps it from being one for patch(1). */
function difference(file: string, before: string, after: string): string {
	const words = new Map(
		[before, after].flatMap((text) => [...secretWords(redactSecrets(text, file).secrets)]),
	);
	return createTwoFilesPatch(file, file, before, after, "", "", { context: 2 })
		.replace(/^(?:Index: .*\n)?=+\n/, "")
		.split("\n")
		.map((line) => hideSecrets(line, words))
		.join("\n")
		.trimEnd();
}

function summary(file: string, count: number, written: boolean): string {
	if (count === 0) return `${file}: nothing is changed`;
	const what = `${count} line${count === 1 ? "" : "s"} with kubeadm join`;
	return written ? `${file}: keys stand for ${what} now` : `${file}: ${what}; --write writes the file`;
}

function rewrite(file: string, text: string): void {
	try {
		rewriteFile(file, text);
	} catch (cause) {
		throw new NetherdError("usage.unwritable-file", `can't write ${file}`, {
			hint: "check the permissions of the file and of its folder; the file is as it was",
			cause,
		});
	}
}
