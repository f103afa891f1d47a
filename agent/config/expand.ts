import { readShellText } from "./shell-text.ts";

/** What `$NAME` means: the text, or undefined when nothing here knows the name. */
export type Lookup = (name: string) => string | undefined;

export interface Expansion {
	readonly text: string;
	/** What a shell would have replaced and we did not, as written: `$1`, `$(`, `` ` ``. Each once, at most a hundred. */
	readonly left: readonly string[];
	/** The text would have become longer than the limit; it is empty instead. */
	readonly tooLong: boolean;
}

/** Longest value after expansion, in characters; the reason is that of `limits.valueLength` in lts-conf.ts. */
export const expandedLengthLimit = 128 * 1024 - 256;

/**
 * The value of a raw text (as written between the outer quotes) with `$NAME` and `${NAME}` replaced where the name is
 * known. One pass: what is put in is not looked at again, so nothing recurs; a text that grows beyond the limit is given
 * up. Nothing is executed: `$(…)` and `` `…` `` stay, as does every other `$…`. `\$` is a plain `$`.
 */
export function expand(raw: string, lookup: Lookup): Expansion {
	if (!/[$`\\"]/.test(raw)) return { text: raw, left: [], tooLong: raw.length > expandedLengthLimit };
	const left: string[] = [];
	let expanded = "";
	for (const { text, literal } of readShellText(raw).pieces) {
		expanded += literal ? text : expandPiece(text, lookup, left, expandedLengthLimit - expanded.length);
		if (expanded.length > expandedLengthLimit) return { text: "", left, tooLong: true };
	}
	return { text: expanded, left, tooLong: false };
}

/** Whether a raw text is nothing but references: `$TOKEN`, `${A} ${B}`. */
export function isOnlyReferences(raw: string): boolean {
	return /^(?:\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|\s)+$/.test(raw);
}

/** The names in `$NAME` and `${NAME}` of a raw text. */
export function referencedNames(raw: string): readonly string[] {
	const names = new Set<string>();
	if (!raw.includes("$")) return [];
	expand(raw, (name) => {
		names.add(name);
		return "";
	});
	return [...names];
}

// A reference, or what else a shell expands: positional and special parameters, other ${…}, substitutions.
const dollar = /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\}|[({]|[0-9@*#?$!-])|`/g;

/** Stops replacing once the text is longer than there is room. */
function expandPiece(text: string, lookup: Lookup, left: string[], room: number): string {
	let expanded = "";
	let done = 0;
	for (const { 0: found, 1: plain, 2: braced, index } of text.matchAll(dollar)) {
		const name = plain ?? braced;
		const value = name === undefined ? undefined : lookup(name);
		if (value === undefined && left.length < 100 && !left.includes(found)) left.push(found);
		expanded += text.slice(done, index) + (value ?? found);
		done = index + found.length;
		if (expanded.length > room) break;
	}
	return expanded + text.slice(done);
}
