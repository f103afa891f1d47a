/** Receives one line for people: which phase begins, or what one produced. */
export type Say = (line: string) => void;

/** Lines on standard error, each with the seconds since the start. */
export function sayWithTime(): Say {
	const startMs = performance.now();
	return (line) => {
		const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
		process.stderr.write(`image: ${seconds.padStart(6)} s  ${line}\n`);
	};
}

/** `12.3 MB`, in units of 10⁶ bytes, as disks and files are listed. */
export function megabytes(sizeBytes: number): string {
	return `${(sizeBytes / 1e6).toFixed(1)} MB`;
}
