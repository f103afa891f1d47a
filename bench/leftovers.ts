/** What is to be undone when the benchmark is interrupted, the last one first. */
const undoings = new Set<() => void>();

/**
 * Remembers how to undo something that would outlive this process.
 *
 * @param undo Synchronous, its programs in sessions of their own (a terminal interrupts a whole group); called at most once, at the end of the process if not before.
 * @returns Undoes it now.
 */
export function undoAtTheEnd(undo: () => void): () => void {
	const once = () => {
		if (undoings.delete(once)) undo();
	};
	undoings.add(once);
	return once;
}

process.on("exit", () => {
	for (const undo of [...undoings].reverse()) undo();
});
for (const [signal, number] of [
	["SIGINT", 2],
	["SIGTERM", 15],
] as const) {
	// As a shell reports it.
	process.on(signal, () => process.exit(128 + number));
}
