import { checkValue } from "./check-value.ts";
import { isNone } from "./evaluate.ts";
import { isOnlyReferences, referencedNames } from "./expand.ts";
import { findKey, isSecretKey } from "./find-key.ts";
import { isPublicWord, type KeyDefinition } from "./key-definition.ts";
import type { Entry } from "./lts-conf.ts";
import { isSecretMarker } from "./secret-marker.ts";

/** Keys of one file that hold secrets: those of the table, and those that these take their values from with `$NAME`. */
export class SecretKeys {
	/** Each with the keys of the table that its value ends up in. */
	readonly #definitions = new Map<string, Set<KeyDefinition>>();

	constructor(entries: readonly Entry[]) {
		const byKey = new Map<string, Entry[]>();
		for (const entry of entries) {
			const same = byKey.get(entry.key);
			if (same === undefined) byKey.set(entry.key, [entry]);
			else same.push(entry);
		}
		for (const key of byKey.keys()) {
			if (isSecretKey(key)) this.#definitions.set(key, new Set(definitionsOf(key)));
		}
		// Keys that are added while this runs are visited, too. In a circle of names some definitions may be missed.
		for (const [key, definitions] of this.#definitions) {
			for (const { raw } of byKey.get(key) ?? []) {
				if (!isOnlyReferences(raw)) continue;
				const names = referencedNames(raw).filter((name) => byKey.has(name));
				// Of several references together only the whole has the form.
				for (const name of names) this.#add(name, names.length === 1 ? definitions : []);
			}
		}
	}

	has(key: string): boolean {
		return this.#definitions.has(key);
	}

	/** Whether the whole value of a line is a secret: not a reference to one, and neither empty, NONE, a public word nor a marker. */
	isSecret({ key, value, raw }: Entry): boolean {
		if (!this.has(key) || value.trim() === "" || isNone(raw) || isOnlyReferences(raw)) return false;
		return !isSecretMarker(raw) && !this.#isPublicWord(key, value);
	}

	/** Whether a secret has the form that the keys of the table ask for. */
	isValid(key: string, value: string): boolean {
		return [...(this.#definitions.get(key) ?? [])].every((definition) => hasForm(definition, value));
	}

	#isPublicWord(key: string, value: string): boolean {
		return [...(this.#definitions.get(key) ?? [])].some((definition) => isPublicWord(definition, value));
	}

	#add(key: string, definitions: Iterable<KeyDefinition>): void {
		const known = this.#definitions.get(key) ?? new Set();
		for (const definition of definitions) known.add(definition);
		this.#definitions.set(key, known);
	}
}

/** Whether a value has the form that a key of the table asks for. */
export function isValidFor(key: string, value: string): boolean {
	return definitionsOf(key).every((definition) => hasForm(definition, value));
}

/** Whether a value of a key of the table is no secret, though the key is. */
export function isPublicWordOf(key: string, value: string): boolean {
	return definitionsOf(key).some((definition) => isPublicWord(definition, value));
}

function definitionsOf(key: string): readonly KeyDefinition[] {
	const definition = findKey(key);
	return definition === undefined ? [] : [definition];
}

function hasForm(definition: KeyDefinition, value: string): boolean {
	return checkValue(definition, value)?.severity !== "error";
}
