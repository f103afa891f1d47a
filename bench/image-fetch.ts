import { readFileSync } from "node:fs";
import { fetchImage } from "../agent/download/fetch-image.ts";

/** What `node bench/image-fetch.ts REQUEST.json` prints as JSON: one download, measured from inside. */
export interface FetchMeasurement {
	readonly seconds: number;
	/** Of the whole process, its start included. */
	readonly cpuSeconds: number;
	readonly peakMemoryMib: number;
}

const { durationMs } = await fetchImage(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
const { user, system } = process.cpuUsage();
console.log(
	JSON.stringify({
		seconds: durationMs / 1000,
		cpuSeconds: (user + system) / 1e6,
		peakMemoryMib: process.resourceUsage().maxRSS / 1024,
	} satisfies FetchMeasurement),
);
