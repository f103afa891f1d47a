import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FetchMeasurement } from "./image-fetch.ts";
import { setStage } from "./image-stage.ts";
import { atMost, heading, type Row } from "./table.ts";

const wantedMib = 4096;

/** For everything else that the machine does meanwhile. */
const spareMib = 3072;

/** The agent's memory during a download of 4 GiB, which it must not grow with. */
export async function benchImageMemory(): Promise<readonly Row[]> {
	// Source and copy.
	const sizeMib = Math.min(wantedMib, Math.floor((availableMib() - spareMib) / 2));
	const stage = await setStage(sizeMib);
	try {
		const servers = await stage.serve("127.78.66.69");
		const destination = join(stage.huge ?? stage.plain, "copy");
		const rows: Row[] = [
			heading(
				`resident memory of the process that downloads ${sizeMib} MiB` +
					(sizeMib < wantedMib ? ` (this machine has too little memory for ${wantedMib})` : ""),
			),
		];
		try {
			for (const [name, source] of [
				["NBD", servers.nbd],
				["HTTP", servers.http],
			] as const) {
				const measurement = await stage.fetch({ source, destination, isVerified: true });
				rows.push(...rowsOf(`netherd ${name}, every chunk verified`, measurement));
				rmSync(destination, { force: true });
			}
			return rows;
		} finally {
			await servers.stop();
		}
	} finally {
		stage.close();
	}
}

function rowsOf(name: string, { peakMemoryMib, memoryMib }: FetchMeasurement): Row[] {
	const megabytes = (mebibytes: number) => (mebibytes * 1024 ** 2) / 1e6;
	const quarters = memoryMib.map((each) => megabytes(each).toFixed(0)).join(", ");
	const peak = megabytes(peakMemoryMib);
	return [
		{ what: `  ${name}: at 25, 50, 75, 100 % of the time`, measured: `${quarters} MB` },
		{ what: "  at most", measured: `${peak.toFixed(0)} MB`, wanted: atMost(peak, 160, " MB") },
	];
}

/** proc(5): what programs can have without swapping. */
function availableMib(): number {
	const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
	return Number(kibibytes) / 1024;
}
