import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Output } from "../../agent/commands/findings-output.ts";

/** A folder of the test file's own, gone when its tests are over; returns a function that writes a file into it. */
export function temporaryFiles(): (name: string, text: string | Buffer) => string {
	const folder = mkdtempSync(join(tmpdir(), "netherd-commands-"));
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	return (name, text) => {
		const path = join(folder, name);
		writeFileSync(path, text);
		return path;
	};
}

/** Calls a command without starting a process, and gathers what it prints. */
export function runCommand(format: Output["format"], command: (output: Output) => number) {
	const printed: string[] = [];
	const exitCode = command({ format, colour: false, print: (text) => void printed.push(text) });
	return { exitCode, stdout: printed.join("") };
}
