import { invalidSecretName, secretMarker } from "./secret-marker.ts";

/** Gives names to the secrets of one text, in their order. The same secret gets the same name. */
export class SecretNames {
	readonly secrets: Record<string, string> = {};
	readonly #byValue = new Map<string, string>();
	readonly #invalidByValue = new Map<string, string>();
	readonly #counts = new Map<string, number>();
	readonly #taken: ReadonlySet<string>;
	readonly #prefix: string;

	/** Names that the text holds already are not given. */
	constructor(text: string, prefix = "") {
		this.#prefix = prefix;
		this.#taken = new Set([...text.matchAll(/\{secret:([a-z0-9-]+)\}/g)].map((match) => match[1] ?? ""));
	}

	/** The marker for a secret of this key; `isValid`: it has the form that its key asks for. */
	marker(key: string, value: string, isValid = true): string {
		const byValue = isValid ? this.#byValue : this.#invalidByValue;
		const known = byValue.get(value);
		if (known !== undefined) return secretMarker(known);
		const plain = this.#prefix + key.toLowerCase().replaceAll("_", "-");
		const base = isValid ? plain : invalidSecretName(plain);
		let name: string;
		do {
			const count = (this.#counts.get(base) ?? 0) + 1;
			this.#counts.set(base, count);
			name = count === 1 ? base : `${base}-${count}`;
		} while (this.#taken.has(name) || Object.hasOwn(this.secrets, name));
		this.secrets[name] = value;
		byValue.set(value, name);
		return secretMarker(name);
	}
}
