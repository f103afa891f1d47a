/** How far a download is. */
export interface Progress {
	/** Bytes that have arrived and have not turned out to be wrong. */
	readonly doneBytes: number;
	readonly sizeBytes: number;
	/** Since the start. */
	readonly elapsedMs: number;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `0 B`, `1023 B`, `1.0 KiB`, `12.3 MiB`, `120 MiB`, `4.0 GiB`. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	// 1023.95 and more would be shown as 1024.
	while (value >= 1023.5 && unit < units.length - 1) {
		value /= 1024;
		unit += 1;
	}
	const digits = unit === 0 || value >= 99.95 ? 0 : 1;
	return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `7 s`, `2 min 05 s`, `1 h 02 min`; rounded up, so that it says `0 s` only at the end. */
export function formatDuration(milliseconds: number): string {
	const seconds = Math.ceil(milliseconds / 1000);
	if (seconds < 60) return `${seconds} s`;
	const twoDigits = (value: number) => String(value).padStart(2, "0");
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
	return `${Math.floor(seconds / 3600)} h ${twoDigits(Math.floor((seconds % 3600) / 60))} min`;
}

/** `image  45 %  540 MiB of 1.2 GiB  112 MiB/s  6 s left`. @param bytesPerSecond Undefined while it is not known. */
export function formatProgress(
	{ doneBytes, sizeBytes }: Progress,
	bytesPerSecond: number | undefined,
): string {
	// Rounded down: 100 % is for the end.
	const percent = sizeBytes === 0 ? 100 : Math.floor((100 * doneBytes) / sizeBytes);
	const amount = `image ${String(percent).padStart(3)} %  ${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}`;
	if (bytesPerSecond === undefined) return amount;
	const rate = `${formatBytes(bytesPerSecond)}/s`;
	if (bytesPerSecond < 1) return `${amount}  ${rate}`;
	return `${amount}  ${rate}  ${formatDuration((1000 * (sizeBytes - doneBytes)) / bytesPerSecond)} left`;
}

/** `image complete: 1.2 GiB in 11 s (112 MiB/s), every chunk verified`. */
export function formatCompletion({ sizeBytes, elapsedMs }: Progress, isVerified: boolean): string {
	const rate = elapsedMs > 0 ? ` (${formatBytes((1000 * sizeBytes) / elapsedMs)}/s)` : "";
	const verified = isVerified ? "every chunk verified" : "NOT verified";
	return `image complete: ${formatBytes(sizeBytes)} in ${(elapsedMs / 1000).toFixed(1)} s${rate}, ${verified}`;
}

/** A line a second is what a serial console at 9600 baud shows beside the kernel's messages. */
const lineIntervalMs = 1000;

/** Over how long the shown rate is averaged. */
const rateWindowMs = 5000;

/**
 * Chooses which progress reports become lines: at most one a second, none before the first second is over. Takes the
 * time from the reports.
 *
 * @returns The line to show for a report, if any.
 */
export function progressThrottle(): (progress: Progress) => string | undefined {
	let lastLineMs = 0;
	let samples: Progress[] = [];
	return (progress) => {
		if (progress.elapsedMs - lastLineMs < lineIntervalMs) return undefined;
		lastLineMs = progress.elapsedMs;
		samples.push(progress);
		samples = samples.filter(({ elapsedMs }) => progress.elapsedMs - elapsedMs <= rateWindowMs);
		return formatProgress(progress, averageRate(samples, progress));
	};
}

/** Bytes per second since the oldest sample; since the start while there is only one. */
function averageRate(samples: readonly Progress[], now: Progress): number | undefined {
	const oldest = samples[0];
	const since = oldest === undefined || oldest === now ? { doneBytes: 0, elapsedMs: 0 } : oldest;
	const durationMs = now.elapsedMs - since.elapsedMs;
	if (durationMs <= 0) return undefined;
	// A chunk that turned out to be wrong is taken back.
	return Math.max(0, (1000 * (now.doneBytes - since.doneBytes)) / durationMs);
}
