import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { buildExecutable } from "../image/executable.ts";
import { repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { median, type Row } from "./table.ts";

const nodes = 10_000;
const runs = 7;

interface Measurement {
	readonly seconds: number;
	readonly peakMebibytes: number;
}

/** A farm file of 10,000 nodes: what check and one node's plan take, beside the `ini` package reading the same text. */
export async function benchConfiguration(): Promise<readonly Row[]> {
	await ensureDebianPackages(["time"], "measure time and memory");
	const { path: agent } = await buildExecutable("agent");
	const folder = mkdtempSync(join(tmpdir(), "netherd-bench-"));
	try {
		const file = join(folder, "lts.conf");
		writeFileSync(file, farm());
		const size = `${nodes} nodes, ${(statSync(file).size / 1e6).toFixed(1)} MB`;
		const readIni = `require("ini").parse(require("fs").readFileSync(${JSON.stringify(file)}, "utf8"))`;
		const measure = (...argv: [string, ...string[]]) => measured(argv, folder);
		const check = await measure(agent, "check", file);
		const plan = await measure(agent, "--dry-run", "--conf", file, "--mac", macOf(nodes - 1));
		const peer = await measure(process.execPath, "-e", readIni);
		return [
			{ what: `agent check, ${size}`, measured: seconds(check), wanted: "≤ 1 s" },
			{ what: "  its peak memory", measured: memory(check), wanted: "≤ 300 MB" },
			{ what: "one node's plan from it, start included", measured: seconds(plan), wanted: "≤ 300 ms" },
			{ what: "node -e 'ini.parse(…)' (peer)", measured: seconds(peer) },
			{ what: "  its peak memory", measured: memory(peer) },
		];
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function farm(): string {
	const sections = ["[default]", "TIMEZONE = Europe/Prague", 'HOSTS_API = "10.9.0.20 api.farm.example"'];
	for (let rack = 0; rack < 100; rack++)
		sections.push(`[rack${rack}]`, `KUBERNETES_LABEL_RACK = "rack=r${rack}"`);
	for (let node = 0; node < nodes; node++) {
		sections.push(`[${macOf(node)}]`, `LIKE = rack${node % 100}`, `HOSTNAME = node${node}`);
		sections.push('FSTAB_01 = "/dev/data/containers /var/lib/containerd ext4 nofail,noatime 0 2"');
	}
	return `${sections.join("\n")}\n`;
}

function macOf(node: number): string {
	return `52:54:00:00:${(node >> 8).toString(16).padStart(2, "0")}:${(node & 255).toString(16).padStart(2, "0")}`;
}

/** Median time and largest memory of several runs, as time(1) counts them. */
async function measured(argv: readonly [string, ...string[]], folder: string): Promise<Measurement> {
	const report = join(folder, "time");
	const all: Measurement[] = [];
	for (let run = 0; run < runs; run++) {
		await execa("time", ["--format=%e %M", `--output=${report}`, ...argv], {
			cwd: repository,
			stdout: "ignore",
		});
		const [wall = 0, kibibytes = 0] = (await execa("cat", [report])).stdout.split(" ").map(Number);
		all.push({ seconds: wall, peakMebibytes: kibibytes / 1024 });
	}
	return {
		seconds: median(all.map((one) => one.seconds).sort((a, b) => a - b)),
		peakMebibytes: Math.max(...all.map((one) => one.peakMebibytes)),
	};
}

function seconds(measurement: Measurement): string {
	return `${(measurement.seconds * 1000).toFixed(0)} ms`;
}

function memory(measurement: Measurement): string {
	return `${((measurement.peakMebibytes * 1024 ** 2) / 1e6).toFixed(0)} MB`;
}
