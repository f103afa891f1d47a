/* Writes the two files of this farm anew: node test/golden/per-mac-farm/write.ts */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { perMacFarmFiles } from "./files.ts";

for (const [name, text] of Object.entries(perMacFarmFiles)) {
	writeFileSync(join(import.meta.dirname, name), text);
}
