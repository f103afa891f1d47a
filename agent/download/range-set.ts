/** Ranges of whole numbers, start included, end not, that never overlap; touching ranges are merged. */
export class RangeSet {
	/** In ascending order. */
	readonly #ranges: { start: number; end: number }[] = [];

	/** @returns False, and nothing changed, when a part of the range is in the set already. */
	add(start: number, end: number): boolean {
		const index = this.#firstThatEndsAfter(start);
		const next = this.#ranges[index];
		if (next !== undefined && next.start < end) return false;
		const previous = this.#ranges[index - 1];
		const touchesPrevious = previous?.end === start;
		const touchesNext = next?.start === end;
		const merged = {
			start: touchesPrevious ? previous.start : start,
			end: touchesNext ? next.end : end,
		};
		this.#ranges.splice(
			touchesPrevious ? index - 1 : index,
			(touchesPrevious ? 1 : 0) + (touchesNext ? 1 : 0),
			merged,
		);
		return true;
	}

	/** Whether every number of the range is in the set. */
	covers(start: number, end: number): boolean {
		const range = this.#ranges[this.#firstThatEndsAfter(start)];
		return range !== undefined && range.start <= start && range.end >= end;
	}

	#firstThatEndsAfter(position: number): number {
		let low = 0;
		let high = this.#ranges.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const range = this.#ranges[middle];
			if (range !== undefined && range.end <= position) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
