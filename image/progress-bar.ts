/** Shows how far something is that takes a while. */
export interface ProgressBar {
	update(doneBytes: number, totalBytes: number): void;
	/** The bar's line is over. */
	end(): void;
}

/** What a bar writes to, and where it takes the time from. */
export interface BarOutput {
	write(text: string): unknown;
	readonly isTTY?: boolean;
	readonly columns?: number;
}

const widthCells = 24;
const terminalEveryMs = 200;
const logEveryMs = 10_000;

/**
 * A bar with percentage, rate and the time that is left: redrawn in place on a terminal, a line every ten seconds in a log.
 *
 * @param label What is being done: `mksquashfs`.
 */
export function progressBar(
	label: string,
	output: BarOutput = process.stderr,
	nowMs: () => number = () => performance.now(),
): ProgressBar {
	const isTerminal = output.isTTY === true;
	const startMs = nowMs();
	let shownMs = startMs;
	let isDrawn = false;
	return {
		update(doneBytes, totalBytes) {
			const atMs = nowMs();
			if (atMs - shownMs < (isTerminal ? terminalEveryMs : logEveryMs)) return;
			shownMs = atMs;
			const line = renderProgress(label, doneBytes, totalBytes, atMs - startMs);
			output.write(isTerminal ? `\r${line.slice(0, (output.columns ?? 80) - 1)}\u001b[K` : `${line}\n`);
			isDrawn = true;
		},
		end() {
			if (isTerminal && isDrawn) output.write("\r\u001b[K");
		},
	};
}

/** `mksquashfs [############------------]  50 %  177 of 355 MB  89 MB/s  2 s left`. */
export function renderProgress(
	label: string,
	doneBytes: number,
	totalBytes: number,
	elapsedMs: number,
): string {
	// What is read twice, or grew meanwhile.
	const done = Math.min(doneBytes, totalBytes);
	const share = totalBytes === 0 ? 1 : done / totalBytes;
	const filled = Math.round(share * widthCells);
	const bytesPerSecond = elapsedMs <= 0 ? 0 : (done / elapsedMs) * 1000;
	const left = bytesPerSecond === 0 ? "" : `  ${duration((totalBytes - done) / bytesPerSecond)} left`;
	return (
		`${label} [${"#".repeat(filled)}${"-".repeat(widthCells - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %  ` +
		`${Math.round(done / 1e6)} of ${Math.round(totalBytes / 1e6)} MB  ${Math.round(bytesPerSecond / 1e6)} MB/s${left}`
	);
}

function duration(seconds: number): string {
	const whole = Math.round(seconds);
	return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
