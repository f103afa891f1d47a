/** The candidate with the fewest typing mistakes (insert, delete, replace, swap), if there are few enough to be one. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
	const best = candidates
		.map((candidate) => ({
			candidate,
			mistakes: mistakesBetween(name.toLowerCase(), candidate.toLowerCase()),
		}))
		.sort((a, b) => a.mistakes - b.mistakes)[0];
	if (best === undefined) return undefined;
	return best.mistakes <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Optimal string alignment distance, one row at a time. */
function mistakesBetween(a: string, b: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const replaced = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
			let least = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
			if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
				least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
			}
			current.push(least);
		}
		beforeLast = last;
		last = current;
	}
	return last[b.length] ?? 0;
}
