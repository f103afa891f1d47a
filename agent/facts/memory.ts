import type { MemoryFacts } from "./facts.ts";

/** Reads /proc/meminfo (Documentation/filesystems/proc.rst): lines `Name:   123 kB`. */
export function parseMemoryInformation(text: string): MemoryFacts {
	const bytesOf = (name: string) => {
		const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
		return Number(match?.[1] ?? 0) * 1024;
	};
	return { totalBytes: bytesOf("MemTotal"), availableBytes: bytesOf("MemAvailable") };
}
