import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";

/** Everything below a folder, in no order; links are not followed (readdir's own `recursive` follows some). */
export function* walk(folder: string): Generator<{ readonly path: string; readonly entry: Dirent }> {
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		yield { path, entry };
		if (entry.isDirectory()) yield* walk(path);
	}
}
