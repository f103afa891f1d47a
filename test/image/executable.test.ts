import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildExecutable, keepCode } from "../../image/executable.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

test("the compiled code that an executable carries is the same each time, wherever it is built", async () => {
	const { path } = await buildExecutable("agent");
	const kept = [];
	for (const folder of [temporaryFolder(), temporaryFolder()]) {
		const bundle = join(folder, "agent.cjs");
		copyFileSync(`${path}.cjs`, bundle);
		await keepCode(bundle, join(folder, "code"), [["--version"]]);
		kept.push(readFileSync(join(folder, "code")));
	}
	expect(kept[0]?.length).toBeGreaterThan(10_000);
	expect(kept[0]?.equals(kept[1] ?? Buffer.alloc(0))).toBe(true);
});
