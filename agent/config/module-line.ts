import type { Reading } from "./values.ts";

/** A kernel module with its arguments; these are empty when there are none. */
export interface ModuleLine {
	readonly name: string;
	readonly arguments: string;
}

/** Reads `NAME ARGUMENT…`, as it goes into modprobe.d(5) and modules-load.d(5). */
export function readModuleLine(text: string): Reading<ModuleLine> {
	const [, name, rest = ""] = /^([A-Za-z0-9][\w-]*)(?:\s+(.*?))?$/s.exec(text.trim()) ?? [];
	if (name === undefined || /[\n\r]/.test(rest)) return { problem: "not a module name and its arguments" };
	if (rest.endsWith("\\")) return { problem: "the backslash at the end would take in the next line" };
	return { value: { name, arguments: rest } };
}
