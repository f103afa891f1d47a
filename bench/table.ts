/** A line of a benchmark's table. */
export interface Row {
	readonly what: string;
	/** Empty for a heading. */
	readonly measured: string;
	/** The number that was promised, where one was. */
	readonly wanted?: string;
}

export function renderTable(rows: readonly Row[]): string {
	const cells = [
		["", "measured", "wanted"],
		...rows.map(({ what, measured, wanted = "" }) => [what, measured, wanted]),
	];
	const isHeading = (row: readonly string[]) => row[1] === "";
	const widths = [0, 1, 2].map((column) =>
		Math.max(...cells.filter((row) => !isHeading(row)).map((row) => row[column]?.length ?? 0)),
	);
	return cells
		.map((row) =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** A line between others that says what follows. */
export function heading(what: string): Row {
	return { what, measured: "" };
}

/** `≥ 1.30, met`. */
export function atLeast(value: number, wanted: number, unit = ""): string {
	return `≥ ${wanted}${unit}, ${value >= wanted ? "met" : "MISSED"}`;
}

/** `≤ 160 MB, met`. */
export function atMost(value: number, wanted: number, unit = ""): string {
	return `≤ ${wanted}${unit}, ${value <= wanted ? "met" : "MISSED"}`;
}

/** Of sorted numbers. */
export function median(sorted: readonly number[]): number {
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1
		? (sorted[middle] ?? 0)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function medianOf(values: readonly number[]): number {
	return median(values.toSorted((one, other) => one - other));
}
