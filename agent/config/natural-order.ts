/**
 * The order of GNU `sort -V` for key names: runs of digits compare as numbers (2 before 10), letters come before `_`,
 * a number that is missing counts as 0, and names that are equal so far (`A_1`, `A_01`) compare by character.
 */
export function compareNaturally(a: string, b: string): number {
	const left = a.match(/\d+|\D+/g) ?? [];
	const right = b.match(/\d+|\D+/g) ?? [];
	for (let i = 0; i < Math.max(left.length, right.length); i++) {
		const order = compareParts(left[i] ?? "", right[i] ?? "");
		if (order !== 0) return order;
	}
	return compareCharacters(a, b);
}

function compareParts(a: string, b: string): number {
	if (!/^\d*$/.test(a) || !/^\d*$/.test(b)) return compareCharacters(lettersFirst(a), lettersFirst(b));
	const left = a.replace(/^0+/, "");
	const right = b.replace(/^0+/, "");
	return left.length - right.length || compareCharacters(left, right);
}

/** Moves `_` behind all letters. */
function lettersFirst(text: string): string {
	return text.replaceAll("_", "\u{10ffff}");
}

function compareCharacters(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}
