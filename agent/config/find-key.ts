import type { KeyDefinition } from "./key-definition.ts";
import { keys } from "./keys.ts";
import { type KeyWithoutEffect, keysWithoutEffect } from "./keys-without-effect.ts";

/** The definition of a key in upper case, families included; undefined for unknown keys and those without effect. */
export function findKey(key: string): KeyDefinition | undefined {
	return lookUp(knownKeys, key);
}

export function findKeyWithoutEffect(key: string): KeyWithoutEffect | undefined {
	return lookUp(withoutEffect, key);
}

export function isSecretKey(key: string): boolean {
	return findKey(key)?.secret === true;
}

/**
 * The known key that a mistyped one probably stands for, at most a few letters away; for a family the rest of the name
 * stays as written (`FTSAB_01` → `FSTAB_01`).
 */
export function nearestKey(key: string): string | undefined {
	const [family = "", rest = ""] = /^(.*?)(\d\w*|_?)$/.exec(key)?.slice(1) ?? [];
	let best: { name: string; distance: number } | undefined;
	for (const { name } of keys) {
		const isFamily = name.endsWith("_*");
		const candidate = isFamily ? name.slice(0, -1) : name;
		const written = isFamily ? (family.endsWith("_") || rest === "" ? family : `${family}_`) : key;
		const limit = Math.max(1, Math.min(3, Math.floor(candidate.length / 3)));
		const distance = editDistance(written, candidate, limit);
		if (distance > limit || (best !== undefined && best.distance <= distance)) continue;
		best = { name: isFamily ? `${candidate}${rest || "01"}` : candidate, distance };
	}
	return best?.name;
}

interface Lookup<Definition> {
	readonly exact: ReadonlyMap<string, Definition>;
	/** Longest prefix first. */
	readonly families: readonly { readonly prefix: string; readonly definition: Definition }[];
}

const knownKeys = makeLookup(keys);
const withoutEffect = makeLookup(keysWithoutEffect);

function makeLookup<Definition extends { readonly name: string }>(
	definitions: readonly Definition[],
): Lookup<Definition> {
	const families = definitions
		.filter(({ name }) => name.endsWith("*"))
		.map((definition) => ({ prefix: definition.name.slice(0, -1), definition }))
		.sort((a, b) => b.prefix.length - a.prefix.length);
	return { exact: new Map(definitions.map((definition) => [definition.name, definition])), families };
}

function lookUp<Definition>(lookup: Lookup<Definition>, key: string): Definition | undefined {
	return lookup.exact.get(key) ?? lookup.families.find(({ prefix }) => key.startsWith(prefix))?.definition;
}

/**
 * Edits (insert, delete, replace, swap of neighbours) that turn one word into the other; more than `limit` when it is
 * more than that. Words of very different length are not compared.
 */
function editDistance(a: string, b: string, limit: number): number {
	if (Math.abs(a.length - b.length) > limit) return limit + 1;
	let beforePrevious: number[] = [];
	let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		for (let j = 1; j <= b.length; j++) {
			const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			const swap = swapped ? (beforePrevious[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
			row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swap));
		}
		beforePrevious = previous;
		previous = row;
	}
	return previous[b.length] ?? 0;
}
