import type { DownloadComplete, DownloadEvent, DownloadProgress } from "./download-event.ts";

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

/** While nothing comes, the same line again would only drive the reason for it off the screen. */
const standstillIntervalMs = 5000;

/** So many lines about wrong chunks are shown a second; a server whose disk is rotten has thousands. */
const wrongChunkIntervalMs = 1000;

/**
 * The lines that a download shows on the console, made from what it tells. Progress comes once a second, which is what
 * a serial console at 9600 baud can show beside the kernel's messages.
 *
 * @param now Milliseconds.
 * @returns The line for an event; undefined: none.
 */
export function consoleLines(
	now: () => number = () => performance.now(),
): (event: DownloadEvent) => string | undefined {
	let lastWrongChunkMs = Number.NEGATIVE_INFINITY;
	let hiddenWrongChunks = 0;
	let shown = { doneBytes: -1, atMs: 0 };
	return (event) => {
		switch (event.kind) {
			case "progress":
				if (event.doneBytes === shown.doneBytes && now() - shown.atMs < standstillIntervalMs)
					return undefined;
				shown = { doneBytes: event.doneBytes, atMs: now() };
				return formatProgress(event);
			case "source-used":
				return `image: ${event.isBack ? "again " : ""}from ${event.source}`;
			case "source-set-aside":
				return `image: ${reasonOf(event)}; trying it again in ${formatDuration(event.retryInMs)}`;
			case "source-given-up":
				return `image: ${reasonOf(event)}; not trying it again`;
			case "wrong-chunk": {
				if (now() - lastWrongChunkMs < wrongChunkIntervalMs) {
					hiddenWrongChunks += 1;
					return undefined;
				}
				const others = hiddenWrongChunks === 0 ? "" : ` (${hiddenWrongChunks} other chunks were wrong, too)`;
				lastWrongChunkMs = now();
				hiddenWrongChunks = 0;
				return `image: ${event.message}; fetching it again${others}`;
			}
			case "complete":
				return formatCompletion(event);
		}
	};
}

/** The chunk itself has a line of its own. */
function reasonOf({ code, source, message }: { code: string; source: string; message: string }): string {
	return code === "image.chunk-corrupt" ? `wrong data from ${source}` : message;
}

/** `image  45 %  540 MiB of 1.2 GiB  112 MiB/s  6 s left  nbd://192.0.2.1:10809`. */
export function formatProgress(progress: Omit<DownloadProgress, "kind" | "elapsedMs">): string {
	const { doneBytes, sizeBytes, bytesPerSecond, sources } = progress;
	// Rounded down: 100 % is for the end.
	const percent = sizeBytes === 0 ? 100 : Math.floor((100 * doneBytes) / sizeBytes);
	const parts = [
		`image ${String(percent).padStart(3)} %`,
		`${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}`,
	];
	if (bytesPerSecond !== undefined) parts.push(`${formatBytes(bytesPerSecond)}/s`);
	if (bytesPerSecond !== undefined && bytesPerSecond >= 1) {
		parts.push(`${formatDuration((1000 * (sizeBytes - doneBytes)) / bytesPerSecond)} left`);
	}
	if (sources.length > 0) parts.push(sources.map(withoutPath).join(" + "));
	return parts.join("  ");
}

/** The line is to fit a screen of 80 columns. */
function withoutPath(source: string): string {
	return /^[a-z]+:\/\/[^/]+/.exec(source)?.[0] ?? source;
}

/** `image complete: 1.2 GiB in 11 s (112 MiB/s), every chunk verified`. */
export function formatCompletion(
	complete: Omit<DownloadComplete, "kind" | "wrongChunks" | "sourceFailures">,
): string {
	const { sizeBytes, elapsedMs, isVerified } = complete;
	const rate = elapsedMs > 0 ? ` (${formatBytes((1000 * sizeBytes) / elapsedMs)}/s)` : "";
	const verified = isVerified ? "every chunk verified" : "NOT verified";
	return `image complete: ${formatBytes(sizeBytes)} in ${(elapsedMs / 1000).toFixed(1)} s${rate}, ${verified}`;
}
