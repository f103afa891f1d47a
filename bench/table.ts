/** A line of a benchmark's table. */
export interface Row {
	readonly what: string;
	readonly measured: string;
	/** The number that was promised, where one was. */
	readonly wanted?: string;
}

export function renderTable(rows: readonly Row[]): string {
	const cells = [
		["", "measured", "wanted"],
		...rows.map(({ what, measured, wanted = "" }) => [what, measured, wanted]),
	];
	const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
	return cells
		.map((row) =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** Of sorted numbers. */
export function median(sorted: readonly number[]): number {
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1
		? (sorted[middle] ?? 0)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
