import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { activeConsoles } from "../paths.ts";

/** Writes lines to every console that the kernel uses, screen and serial line alike. */
export function writeToAllConsoles(text: string): void {
	for (const device of consoleDevices()) {
		try {
			writeFileSync(device, `${text.replaceAll("\n", "\r\n")}\r\n`);
		} catch {
			// One dead serial line must not keep the message from the others.
		}
	}
}

function consoleDevices(): string[] {
	try {
		const names = readFileSync(activeConsoles, "utf8").trim().split(/\s+/);
		return names.map((name) => join("/dev", name));
	} catch {
		return ["/dev/console"];
	}
}
