/** Positions of the first and the last byte, both included. */
export interface ByteRange {
	readonly first: number;
	readonly last: number;
}

/**
 * What a Range header asks for (RFC 9110, section 14.2).
 *
 * @returns "whole" when the header is absent or asks for what we may ignore (other units, several ranges, bad syntax),
 *   "unsatisfiable" when no byte of the file is in the range.
 */
export function parseByteRange(
	header: string | undefined,
	sizeBytes: number,
): ByteRange | "whole" | "unsatisfiable" {
	const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
	if (from === undefined || to === undefined || from + to === "") return "whole";
	if (from === "") {
		const count = Math.min(Number(to), sizeBytes);
		return count === 0 ? "unsatisfiable" : { first: sizeBytes - count, last: sizeBytes - 1 };
	}
	const first = Number(from);
	const last = to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
	if (to !== "" && Number(to) < first) return "whole";
	return first >= sizeBytes ? "unsatisfiable" : { first, last };
}
