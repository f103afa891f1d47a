import { statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { execa } from "execa";
import { buildExecutable } from "../image/executable.ts";
import { repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { median, type Row } from "./table.ts";

const runs = 15;

/** Size and start of the agent's executable, with the bare Node that it contains as the peer. */
export async function benchExecutable(): Promise<readonly Row[]> {
	await ensureDebianPackages(["zstd"], "measure the compressed executable");
	const { path } = await buildExecutable("agent");
	const example = join(repository, "examples/lts.conf");
	const compressedBytes = Number(
		(await execa("sh", ["-c", 'zstd -19 -T0 --stdout --quiet "$1" | wc -c', "sh", path])).stdout,
	);
	return [
		{ what: "agent executable", measured: megabytes(statSync(path).size), wanted: "≤ 125 MB" },
		{ what: "agent executable, zstd -19", measured: megabytes(compressedBytes), wanted: "≤ 34 MB" },
		{ what: "node -e 0 (peer)", measured: await timed(process.execPath, "-e", "0") },
		{ what: "agent --version", measured: await timed(path, "--version"), wanted: "≤ 120 ms" },
		{
			what: "agent --dry-run, examples/lts.conf",
			measured: await timed(path, "--dry-run", "--conf", example, "--mac", "52:54:00:00:00:01"),
			wanted: "≤ 250 ms",
		},
		{ what: "agent check, examples/lts.conf", measured: await timed(path, "check", example) },
	];
}

async function timed(program: string, ...args: string[]): Promise<string> {
	const timesMs: number[] = [];
	for (let run = 0; run < runs; run++) {
		const startedMs = performance.now();
		await execa(program, args);
		timesMs.push(performance.now() - startedMs);
	}
	timesMs.sort((a, b) => a - b);
	return `${median(timesMs).toFixed(0)} ms (${timesMs[0]?.toFixed(0)}–${timesMs.at(-1)?.toFixed(0)})`;
}

function megabytes(bytes: number): string {
	return `${(bytes / 1e6).toFixed(1)} MB`;
}
