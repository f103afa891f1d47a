import { readShellText } from "./shell-text.ts";

/** What `$NAME` means: the text, or undefined when nothing here knows the name. */
export type Lookup = (name: string) => string | undefined;

export interface Expansion {
	readonly text: string;
	/** What a shell would have replaced and we did not, as written: `$1`, `$(…`, `` ` ``. Without repetitions. */
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
	const left = new Set<string>();
	const parts: string[] = [];
	let length = 0;
	for (const part of expandPieces(raw, lookup, left)) {
		length += part.length;
		if (length > expandedLengthLimit) return { text: "", left: [...left], tooLong: true };
		parts.push(part);
	}
	return { text: parts.join(""), left: [...left], tooLong: false };
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

function* expandPieces(raw: string, lookup: Lookup, left: Set<string>): Generator<string> {
	for (const { text, literal } of readShellText(raw).pieces) {
		let done = 0;
		for (const reference of literal ? [] : text.matchAll(dollar)) {
			const [found, plain, braced] = reference;
			const name = plain ?? braced;
			const value = name === undefined ? undefined : lookup(name);
			if (value === undefined) left.add(found);
			yield text.slice(done, reference.index);
			yield value ?? found;
			done = reference.index + found.length;
		}
		yield text.slice(done);
	}
}
