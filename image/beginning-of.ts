import { closeSync, openSync, readSync } from "node:fs";

/** The first bytes of a file, with zeros where it is shorter. */
export function beginningOf(file: string, lengthBytes: number): Buffer {
	const start = Buffer.alloc(lengthBytes);
	const descriptor = openSync(file, "r");
	try {
		readSync(descriptor, start, 0, lengthBytes, 0);
		return start;
	} finally {
		closeSync(descriptor);
	}
}
