import { commandLineFile } from "./cmdline.ts";
import { isNone } from "./evaluate.ts";
import { isOnlyReferences, referencedNames } from "./expand.ts";
import { isSecretKey } from "./find-key.ts";
import { hasErrors } from "./findings.ts";
import { keys } from "./keys.ts";
import { type Entry, parseLtsConf } from "./lts-conf.ts";

export interface Redacted {
	/** The text with `{secret:NAME}` in the place of every secret; lines stay the same lines. */
	readonly text: string;
	/** Name → what the marker stands for, as the value would be without redaction. */
	readonly secrets: Readonly<Record<string, string>>;
}

/** A bootstrap token of kubeadm as a whole word (Kubernetes documentation, "Authenticating with Bootstrap Tokens"). */
const bootstrapToken = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g;

/**
 * Takes the secrets out of an lts.conf before anything is planned, printed or stored: the values of secret keys (and of
 * keys that those refer to with `$NAME`), and whatever looks like a bootstrap token, in values, comments and broken
 * lines. Section names and LIKE lines stay. The redacted text parses to the same structure, and has errors exactly
 * when the text has. The same secret gets the
 * same name, in the order of the text, so equal files give equal names. Time is linear. With `commandLineFile` as file
 * the text is read as a kernel command line.
 */
export function redactSecrets(text: string, file: string): Redacted {
	if (file === commandLineFile) return redactCommandLine(text);
	const { sections, findings } = parseLtsConf(text, file);
	const isBroken = hasErrors(findings);
	const secretKeys = findSecretKeys(sections.flatMap((section) => section.entries));
	const names = new SecretNames(text);
	const out: string[] = [];
	let done = 0;
	for (const section of sections) {
		out.push(redactUnparsed(text.slice(done, section.start), names), section.nameAsWritten);
		done = section.end;
		for (const entry of section.entries) {
			out.push(
				redactUnparsed(text.slice(done, entry.start), names),
				redactEntry(entry, secretKeys, names, isBroken),
			);
			done = entry.end;
		}
	}
	const rest = redactLines(text.slice(done), names);
	return { text: [...out, rest].join(""), secrets: names.secrets };
}

/**
 * The same for a kernel command line: `ltsp.*` values of secret keys, and bootstrap tokens. The names differ from those
 * of lts.conf, so that both can be kept together.
 */
function redactCommandLine(text: string): Redacted {
	const names = new SecretNames(text, "command-line-");
	const withoutKeys = text.replace(
		/(?<=(?:^|\s)"?ltsp\.([A-Za-z_]\w*)=)("[^"]*"?|[^\s"]+)/g,
		(value: string, key: string) => {
			if (!isSecretKey(key.toUpperCase()) || isMarker(value)) return value;
			const inner = value.replaceAll('"', "");
			return value.startsWith('"') ? `"${names.marker(key, inner)}"` : names.marker(key, inner);
		},
	);
	return { text: redactTokens(withoutKeys, names), secrets: names.secrets };
}

/** Puts the secrets back; markers with an unknown name stay. One pass: what is put in is not looked at again. */
export function revealSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
	return text.replace(/\{secret:([a-z0-9-]+)\}/g, (marker, name: string) =>
		Object.hasOwn(secrets, name) ? (secrets[name] ?? marker) : marker,
	);
}

/** Secret keys of the table, and the keys whose values they take over with `$NAME`. */
function findSecretKeys(entries: readonly Entry[]): ReadonlySet<string> {
	const byKey = new Map<string, Entry[]>();
	for (const entry of entries) {
		const same = byKey.get(entry.key);
		if (same === undefined) byKey.set(entry.key, [entry]);
		else same.push(entry);
	}
	const secret = new Set([...byKey.keys()].filter(isSecretKey));
	for (const key of secret) {
		for (const entry of byKey.get(key) ?? []) {
			if (!isOnlyReferences(entry.raw)) continue;
			for (const name of referencedNames(entry.raw)) if (byKey.has(name)) secret.add(name);
		}
	}
	return secret;
}

function redactEntry(
	entry: Entry,
	secretKeys: ReadonlySet<string>,
	names: SecretNames,
	isBroken: boolean,
): string {
	if (entry.key === "LIKE") return entry.raw;
	const isWhole =
		secretKeys.has(entry.key) &&
		entry.value.trim() !== "" &&
		!isNone(entry.raw) &&
		!isOnlyReferences(entry.raw) &&
		!isMarker(entry.raw);
	if (!isWhole) return redactTokens(entry.raw, names);
	return isBroken ? redactWords(entry.raw, entry.key, names) : names.marker(entry.key, entry.value);
}

/** Text before a section name or a value: its last line holds only what leads there, the lines before it anything. */
function redactUnparsed(text: string, names: SecretNames): string {
	const lastLine = text.lastIndexOf("\n") + 1;
	return redactLines(text.slice(0, lastLine), names) + text.slice(lastLine);
}

/** Comments and broken lines: what follows `=` behind the name of a secret key goes, up to the end of the line. */
function redactLines(text: string, names: SecretNames): string {
	return text.replace(/[^\n]+/g, (line) => redactLine(line, names));
}

const secretAssignment = new RegExp(
	`(\\b(?:${keys
		.filter(({ secret }) => secret)
		.map(({ name }) => name.replace("*", "\\w*"))
		.join("|")})"?[ \\t]*=[ \\t]*)(.*\\S)`,
	"i",
);

function redactLine(line: string, names: SecretNames): string {
	if (!/[=.]/.test(line)) return line;
	const found = secretAssignment.exec(line);
	const [, assignment = "", value = ""] = found ?? [];
	if (found === null || isMarker(value)) return redactTokens(line, names);
	const valueAt = found.index + assignment.length;
	const key = assignment.replace(/\W+$/, "");
	return (
		redactTokens(line.slice(0, valueAt), names) +
		redactWords(value, key, names) +
		line.slice(valueAt + value.length)
	);
}

/**
 * A secret in a text with errors: what the errors may be about (quotes, brackets, odd characters, lengths) stays, or the
 * redacted text would parse where the text does not.
 */
function redactWords(value: string, key: string, names: SecretNames): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among the errors
	return value.replace(/[^\s"'=[\]#\\$`()\u0000-\u001f\u007f\ufffd]+/g, (word) =>
		isMarker(word) ? word : names.marker(key, word).padEnd(word.length > 1000 ? word.length : 0, "x"),
	);
}

function redactTokens(text: string, names: SecretNames): string {
	return text.replace(bootstrapToken, (token) => names.marker("bootstrap-token", token));
}

function isMarker(raw: string): boolean {
	return /^"?\{secret:[a-z0-9-]+\}x*"?$/.test(raw);
}

class SecretNames {
	readonly secrets: Record<string, string> = {};
	readonly #byValue = new Map<string, string>();
	readonly #counts = new Map<string, number>();
	readonly #taken: ReadonlySet<string>;
	readonly #prefix: string;

	constructor(text: string, prefix = "") {
		this.#prefix = prefix;
		this.#taken = new Set([...text.matchAll(/\{secret:([a-z0-9-]+)\}/g)].map((match) => match[1] ?? ""));
	}

	marker(key: string, value: string): string {
		const known = this.#byValue.get(value);
		if (known !== undefined) return `{secret:${known}}`;
		const base = this.#prefix + key.toLowerCase().replaceAll("_", "-");
		let name: string;
		do {
			const count = (this.#counts.get(base) ?? 0) + 1;
			this.#counts.set(base, count);
			name = count === 1 ? base : `${base}-${count}`;
		} while (this.#taken.has(name) || Object.hasOwn(this.secrets, name));
		this.secrets[name] = value;
		this.#byValue.set(value, name);
		return `{secret:${name}}`;
	}
}
