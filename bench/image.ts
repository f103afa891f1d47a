import { randomFillSync } from "node:crypto";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { describeImageFile } from "../agent/download/manifest.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import type { FetchMeasurement } from "./image-fetch.ts";
import { median, type Row, renderTable } from "./table.ts";

/**
 * How fast the image comes over NBD into a tmpfs, beside nbdcopy, from the same nbdkit, in turns. Runs as root (it
 * mounts a tmpfs), needs memory for the image twice.
 *
 *     node bench/image.ts [--size-mib 1024] [--pairs 5]
 */

interface Measurement {
	readonly seconds: number;
	readonly cpuSeconds: number;
	readonly peakMemoryMib: number;
}

const chunkSizeBytes = 4 * 1024 ** 2;

export async function benchImage(sizeMib = 1024, pairs = 5): Promise<readonly Row[]> {
	await ensureDebianPackages(["nbdkit", "libnbd-bin", "time"], "compare with nbdcopy");
	const folder = mkdtempSync(join(tmpdir(), "netherd-bench-"));
	try {
		await execa("mount", ["-t", "tmpfs", "-o", `size=${2 * sizeMib + 64}m`, "none", folder]);
		return await compare(folder, sizeMib, pairs);
	} finally {
		await execa("umount", ["--lazy", folder], { reject: false });
		rmSync(folder, { recursive: true, force: true });
	}
}

async function compare(folder: string, sizeMib: number, pairs: number): Promise<Row[]> {
	const image = join(folder, "image");
	const copy = join(folder, "copy");
	writeRandomFile(image, sizeMib);
	const { sizeBytes, chunks } = await describeImageFile(image, chunkSizeBytes);
	const server = await startNbdkit(image, folder);
	const address = { kind: "nbd" as const, host: server.host, port: server.port, exportName: "image" };
	const uri = `nbd://${server.host}:${server.port}/image`;

	const fetch = (hashes: readonly string[]) =>
		fetchInChild(folder, {
			sources: [address],
			destination: copy,
			sizeBytes,
			chunkSizeBytes,
			chunks: hashes,
		});
	const contestants: Record<string, () => Promise<Measurement>> = {
		"netherd, every chunk verified": () => fetch(chunks),
		"nbdcopy, then sha256sum": async () =>
			sum(await timed("nbdcopy", [uri, copy]), await timed("sha256sum", [copy])),
		"netherd, not verified": () => fetch([]),
		nbdcopy: () => timed("nbdcopy", [uri, copy]),
	};
	const results = new Map<string, Measurement[]>();
	try {
		// The first round warms up caches and memory, and is not counted.
		for (let pair = 0; pair <= pairs; pair++) {
			for (const [name, run] of Object.entries(contestants)) {
				rmSync(copy, { force: true });
				const measurement = await run();
				if (pair > 0) results.set(name, [...(results.get(name) ?? []), measurement]);
			}
		}
	} finally {
		await server.stop();
	}
	return rowsOf(results, sizeMib);
}

function writeRandomFile(path: string, sizeMib: number): void {
	const file = openSync(path, "w");
	const block = Buffer.alloc(1024 ** 2);
	for (let written = 0; written < sizeMib; written++) writeSync(file, randomFillSync(block));
}

async function startNbdkit(image: string, folder: string) {
	const pidFile = join(folder, "nbdkit.pid");
	// All of 127.0.0.0/8 is loopback; nobody else uses this address.
	const host = "127.78.66.68";
	const port = 10809;
	const options = ["--foreground", "--exit-with-parent", "--readonly", `--pidfile=${pidFile}`];
	const server = execa("nbdkit", [...options, `--ipaddr=${host}`, `--port=${port}`, "file", image], {
		reject: false,
	});
	while (!existsSync(pidFile)) await sleep(10);
	return {
		host,
		port,
		async stop() {
			server.kill("SIGTERM");
			await server;
		},
	};
}

/** In a process of its own, as on a node; its start is not counted, the agent runs already there. */
async function fetchInChild(folder: string, request: object): Promise<Measurement> {
	const requestFile = join(folder, "request.json");
	writeFileSync(requestFile, JSON.stringify(request));
	const program = join(import.meta.dirname, "image-fetch.ts");
	const { stdout } = await execa(process.execPath, [program, requestFile]);
	return JSON.parse(stdout) as FetchMeasurement;
}

/** Measured by time(1): seconds, user, system, peak memory in KiB. */
async function timed(program: string, args: readonly string[]): Promise<Measurement> {
	const { stderr } = await execa("/usr/bin/time", ["--format=%e %U %S %M", program, ...args]);
	const [seconds = 0, user = 0, system = 0, peakKib = 0] = (stderr.split("\n").at(-1) ?? "")
		.split(" ")
		.map(Number);
	return { seconds, cpuSeconds: user + system, peakMemoryMib: peakKib / 1024 };
}

function sum(first: Measurement, second: Measurement): Measurement {
	return {
		seconds: first.seconds + second.seconds,
		cpuSeconds: first.cpuSeconds + second.cpuSeconds,
		peakMemoryMib: Math.max(first.peakMemoryMib, second.peakMemoryMib),
	};
}

function rowsOf(results: ReadonlyMap<string, readonly Measurement[]>, sizeMib: number): Row[] {
	const medianSeconds = (name: string) =>
		median(sorted((results.get(name) ?? []).map(({ seconds }) => seconds)));
	const ratio = (ours: string, theirs: string, wanted: string): Row => ({
		what: `${ours}, against ${theirs}`,
		measured: `${(medianSeconds(theirs) / medianSeconds(ours)).toFixed(2)} times as fast`,
		wanted,
	});
	const rows = [...results].map(([name, measurements]) => {
		const seconds = sorted(measurements.map((measurement) => measurement.seconds));
		const cpuSeconds = median(sorted(measurements.map((measurement) => measurement.cpuSeconds)));
		const peakMib = Math.max(...measurements.map(({ peakMemoryMib }) => peakMemoryMib));
		const spread = `${seconds[0]?.toFixed(2)}–${seconds.at(-1)?.toFixed(2)}`;
		return {
			what: `${name} (${sizeMib} MiB)`,
			measured:
				`${median(seconds).toFixed(2)} s (${spread}), ${(sizeMib / median(seconds)).toFixed(0)} MiB/s, ` +
				`${(cpuSeconds / (sizeMib / 1024)).toFixed(2)} CPU s/GiB, ${peakMib.toFixed(0)} MiB peak`,
		};
	});
	return [
		...rows,
		ratio("netherd, every chunk verified", "nbdcopy, then sha256sum", "≥ 1.3"),
		ratio("netherd, not verified", "nbdcopy", "≥ 1"),
	];
}

function sorted(values: readonly number[]): number[] {
	return values.toSorted((a, b) => a - b);
}

if (import.meta.main) {
	const { values } = parseArgs({
		options: { "size-mib": { type: "string", default: "1024" }, pairs: { type: "string", default: "5" } },
	});
	console.log(renderTable(await benchImage(Number(values["size-mib"]), Number(values.pairs))));
}
