/**
 * Shell pattern against a whole text, without regard to ASCII case: `*`, `?`, `[a-z]`, `[!a]`, `\x`. `*` also matches
 * dots and slashes, as fnmatch(3) does without flags. Time is at most pattern length × text length.
 */
export function globMatches(pattern: string, text: string): boolean {
	const wanted = asciiLowerCase(pattern);
	const given = asciiLowerCase(text);
	let p = 0;
	let t = 0;
	let starAt = -1;
	let starText = 0;
	while (t < given.length) {
		if (wanted[p] === "*") {
			starAt = p++;
			starText = t;
			continue;
		}
		const step = matchOne(wanted, p, given.charAt(t));
		if (step > 0) {
			p += step;
			t++;
		} else if (starAt >= 0) {
			p = starAt + 1;
			t = ++starText;
		} else return false;
	}
	while (wanted[p] === "*") p++;
	return p === wanted.length;
}

/** Whether a section name is a pattern rather than a plain name. */
export function isGlob(name: string): boolean {
	return /[*?[\\]/.test(name);
}

/** Lower case of A–Z only, as strcasecmp(3) does in the C locale. */
export function asciiLowerCase(text: string): string {
	return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : text;
}

/** How many characters of the pattern at `p` match one character; 0: no match. */
function matchOne(pattern: string, p: number, character: string): number {
	const sign = pattern[p];
	if (sign === undefined) return 0;
	if (sign === "?") return 1;
	if (sign === "\\" && p + 1 < pattern.length) return pattern[p + 1] === character ? 2 : 0;
	if (sign === "[") {
		const bracket = readBracket(pattern, p, character);
		if (bracket !== undefined) return bracket.matches ? bracket.length : 0;
	}
	return sign === character ? 1 : 0;
}

/** A bracket expression at `p`; undefined when it never closes and is therefore plain text. */
function readBracket(pattern: string, p: number, character: string) {
	const negated = pattern[p + 1] === "!" || pattern[p + 1] === "^";
	const first = p + (negated ? 2 : 1);
	let matches = false;
	for (let i = first; i < pattern.length; i++) {
		const from = pattern.charAt(i);
		if (from === "]" && i > first) return { matches: matches !== negated, length: i + 1 - p };
		const isRange = pattern[i + 1] === "-" && i + 2 < pattern.length && pattern[i + 2] !== "]";
		const to = isRange ? pattern.charAt(i + 2) : from;
		if (from <= character && character <= to) matches = true;
		if (isRange) i += 2;
	}
	return undefined;
}
