import { statSync } from "node:fs";
import { relative } from "node:path";
import { describeError } from "../agent/errors.ts";
import { buildExecutable } from "../image/executable.ts";
import { repository } from "./cache.ts";

/** `npm run build`: the two executables; what has not changed comes from the cache. */
async function main(): Promise<void> {
	for (const name of ["agent", "companion"] as const) {
		const { path } = await buildExecutable(name);
		const megabytes = (statSync(path).size / 1e6).toFixed(1);
		console.log(`${name.padEnd(9)}  ${megabytes} MB  ${relative(repository, path)}`);
	}
}

main().catch((error: unknown) => {
	process.stderr.write(`build: ${describeError(error)}\n`);
	process.exitCode = 1;
});
