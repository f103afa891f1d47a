import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

/** Longer than any of the runs below takes. */
const runMs = 1_000;

/**
 * `node code-cache.ts BUNDLE OUTPUT RUNS`: keeps the code that V8 compiles while the bundle makes the runs (JSON: a list of
 * argument lists), for the executable that starts the same bundle. What was not run is compiled when it is called, as ever.
 */
async function main([bundle = "", output = "", runs = "[]"]: readonly string[]): Promise<void> {
	const script = new Script(readFileSync(bundle, "latin1"), { filename: "bundle.cjs" });
	const program: (exports: object, require: NodeJS.Require, module: object) => void =
		script.runInThisContext();
	process.stdout.write = () => true;
	for (const argv of JSON.parse(runs) as string[][]) {
		process.argv = [process.execPath, bundle, ...argv];
		program({}, createRequire(bundle), { exports: {} });
		await sleep(runMs);
		if (process.exitCode) throw new Error(`${argv.join(" ")} ended with exit code ${process.exitCode}`);
	}
	// V8 takes a cache only where its options are the same, and the executable has the usual ones.
	setFlagsFromString("--hash-seed=0");
	writeFileSync(output, script.createCachedData());
	process.exit();
}

await main(process.argv.slice(2));
