import { readFileSync } from "node:fs";
import { fetchImage } from "../agent/download/fetch-image.ts";

/** What this program, started with the path of a request as JSON, prints as JSON: one download, measured from inside. */
export interface FetchMeasurement {
	readonly seconds: number;
	/** Of the whole process, its start included. */
	readonly cpuSeconds: number;
	readonly peakMemoryMib: number;
	/** Resident after a quarter of the time, a half, three quarters, and at the end. */
	readonly memoryMib: readonly number[];
}

async function main(): Promise<void> {
	const samples: number[] = [];
	const sample = () => samples.push(process.memoryUsage.rss() / 1024 ** 2);
	const timer = setInterval(sample, 20);
	const { durationMs } = await fetchImage(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
	clearInterval(timer);
	sample();
	const { user, system } = process.cpuUsage();
	const measurement: FetchMeasurement = {
		seconds: durationMs / 1000,
		cpuSeconds: (user + system) / 1e6,
		peakMemoryMib: process.resourceUsage().maxRSS / 1024,
		memoryMib: [0.25, 0.5, 0.75, 1].map((share) => samples[Math.ceil(share * samples.length) - 1] ?? 0),
	};
	console.log(JSON.stringify(measurement));
}

main();
