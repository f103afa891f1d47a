import { commandLineFile } from "./cmdline.ts";
import { isSecretKey } from "./find-key.ts";
import { hasErrors } from "./findings.ts";
import { keys } from "./keys.ts";
import { type Entry, parseLtsConf } from "./lts-conf.ts";
import { isPublicWordOf, isValidFor, SecretKeys } from "./secret-keys.ts";
import { secretMarker } from "./secret-marker.ts";
import { SecretNames } from "./secret-names.ts";
import { hideSecretShapes, replaceSecretShapes } from "./secret-shapes.ts";

export interface Redacted {
	/** The text with `{secret:NAME}` in the place of every secret; lines stay the same lines. */
	readonly text: string;
	/** Name → what the marker stands for, as the value would be without redaction. */
	readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Takes the secrets out of an lts.conf before anything is planned, printed or stored: the values of secret keys (and of
 * keys that those refer to with `$NAME`), the same values as words anywhere else, and whatever looks like a bootstrap
 * token or a password hash, in values, comments and broken lines. Section names and LIKE lines stay.
 *
 * The redacted text parses to the same structure, and has errors exactly when the text has; the name of a secret that
 * does not have the form of its key starts with `invalid-`. Equal files give equal names. Time is linear. With
 * `commandLineFile` as file the text is read as a kernel command line.
 */
export function redactSecrets(text: string, file: string): Redacted {
	if (file === commandLineFile) return redactCommandLine(text);
	const { sections, findings } = parseLtsConf(text, file);
	const entries = sections.flatMap((section) => section.entries);
	const secretKeys = new SecretKeys(entries);
	const redaction: Redaction = {
		secretKeys,
		names: new SecretNames(text),
		isBroken: hasErrors(findings),
		words: knownWords(entries, secretKeys),
	};
	const out: string[] = [];
	let done = 0;
	let isBehindSecret = false;
	// A line end in front of the first line, which is the rest of nothing; one behind the last, which leads to nothing.
	const gap = (end: number, behind = "") => {
		const before = done === 0 ? "\n" : "";
		const redacted = redactGap(before + text.slice(done, end) + behind, redaction, isBehindSecret);
		return redacted.slice(before.length, redacted.length - behind.length);
	};
	for (const section of sections) {
		const before = text.slice(done, section.start);
		const lineStart = before.lastIndexOf("\n") + 1;
		const isCutOff: boolean =
			redaction.isBroken && ((isBehindSecret && lineStart === 0) || secretName.test(before.slice(lineStart)));
		out.push(
			gap(section.start),
			isCutOff ? redactCutOff(section.nameAsWritten, redaction) : section.nameAsWritten,
		);
		done = section.end;
		isBehindSecret = isCutOff;
		for (const entry of section.entries) {
			const isPart: boolean =
				isBehindSecret && redaction.isBroken && !text.slice(done, entry.start).includes("\n");
			out.push(gap(entry.start), isPart ? redactCutOff(entry.raw, redaction) : redactEntry(entry, redaction));
			done = entry.end;
			isBehindSecret = isPart || secretKeys.has(entry.key);
		}
	}
	out.push(gap(text.length, "\n"));
	return { text: out.join(""), secrets: redaction.names.secrets };
}

/**
 * The same for a kernel command line: `ltsp.*` values of secret keys, and what looks like a secret. The names differ from
 * those of lts.conf, so that both can be kept together.
 */
function redactCommandLine(text: string): Redacted {
	const names = new SecretNames(text, "command-line-");
	// Words as in parseCommandLine: quotes protect blanks, wherever in the word they are.
	const withoutKeys = text.replace(/(?:[^\s"]|"[^"]*(?:"|$))+/g, (word) => {
		const [, start = "", written = "", raw = ""] = /^("?ltsp\.([A-Za-z_]\w*)=)(.+)$/s.exec(word) ?? [];
		const key = written.toUpperCase();
		if (!isSecretKey(key) || isMarked(raw)) return word;
		const opens = raw.startsWith('"');
		const isQuoted = opens || start.startsWith('"');
		const value = isQuoted ? raw.replace(/^"|"$/g, "") : raw;
		if (isPublicWordOf(key, value)) return word;
		const marker = names.marker(key, value, isValidFor(key, value));
		return `${start}${opens ? '"' : ""}${marker}${isQuoted ? '"' : ""}`;
	});
	const redacted = replaceSecretShapes(withoutKeys, (sort, secret) => names.marker(sort, secret));
	return { text: redacted, secrets: names.secrets };
}

/** Puts the secrets back; markers with an unknown name stay. One pass: what is put in is not looked at again. */
export function revealSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
	return text.replace(/\{secret:([a-z0-9-]+)\}/g, (marker, name: string) =>
		Object.hasOwn(secrets, name) ? (secrets[name] ?? marker) : marker,
	);
}

/** Takes secrets, and what looks like one, out of what is said about a text; `secrets` are those that it held. */
export function hideSecrets(message: string, secrets: ReadonlyMap<string, string>): string {
	return hideSecretShapes(message).replace(word, (each) => {
		const name = secrets.get(each);
		return name === undefined ? each : secretMarker(name);
	});
}

/** The words of secrets, each with the name of its secret, for {@link hideSecrets}. */
export function secretWords(secrets: Redacted["secrets"]): ReadonlyMap<string, string> {
	return new Map(
		Object.entries(secrets).flatMap(([name, value]) =>
			(value.match(word) ?? []).filter(({ length }) => length >= 4).map((each) => [each, name] as const),
		),
	);
}

interface Redaction {
	readonly secretKeys: SecretKeys;
	readonly names: SecretNames;
	/** The text has syntax errors, and must keep them. */
	readonly isBroken: boolean;
	/** Secrets that don't look like one → the key that says so. */
	readonly words: ReadonlyMap<string, string>;
}

const word = /[^\s"'`=,;()[\]<>|&\\#{}$]+/g;
/** A shorter one would turn up by chance. */
const shortestWord = 8;

function knownWords(entries: readonly Entry[], secretKeys: SecretKeys): ReadonlyMap<string, string> {
	return new Map(
		entries
			.filter((entry) => secretKeys.isSecret(entry) && replaceSecretShapes(entry.value, () => "") !== "")
			.flatMap(({ key, value }) => (value.match(word) ?? []).map((each) => [each, key] as const))
			.filter(([each]) => each.length >= shortestWord),
	);
}

function redactEntry(entry: Entry, redaction: Redaction): string {
	const { secretKeys, names, isBroken } = redaction;
	if (entry.key === "LIKE") return entry.raw;
	if (!secretKeys.isSecret(entry)) return redactWords(entry.raw, redaction);
	if (isBroken) return redactPieces(entry.raw, entry.key, names);
	return names.marker(entry.key, entry.value, secretKeys.isValid(entry.key, entry.value));
}

/**
 * Text before a section name or a value: its last line holds only what leads there, the lines before it anything. In a
 * broken text, what stands behind a secret on its line, or in the lines after it without being a statement, is taken for a
 * part of it that the mistake cut off.
 */
function redactGap(text: string, redaction: Redaction, isBehindSecret: boolean): string {
	const [first = "", ...lines] = text.split("\n");
	const last = lines.pop();
	const out = [redactRest(first, redaction, isBehindSecret, last === undefined)];
	let isAfterSecret = isBehindSecret;
	for (const line of lines) {
		const isStatement = redaction.isBroken && !/^\s*(?:#|$)/.test(line);
		const isSecret = isStatement && secretName.test(line);
		if (isSecret) isAfterSecret = true;
		else if (isStatement && ownStatement.test(line)) isAfterSecret = false;
		const isCutOff = isStatement && isAfterSecret && !isSecret;
		out.push(isCutOff ? redactCutOff(line, redaction) : redactLine(line, redaction, isSecret));
	}
	if (last !== undefined) {
		const isBroken = redaction.isBroken && secretName.test(last);
		out.push(isBroken ? redactLine(last, redaction, true) : last);
	}
	return out.join("\n");
}

/** What follows a value or a section name on its line. A # without a blank before it is a part of most secrets. */
function redactRest(text: string, redaction: Redaction, isBehindSecret: boolean, isLeadIn: boolean): string {
	const isCutOff =
		isBehindSecret && (/^"?#/.test(text) || (redaction.isBroken && !/^"?\s*(?:#|$)/.test(text)));
	if (isCutOff) return redactCutOff(text, redaction);
	return isLeadIn ? text : redactLine(text, redaction, false);
}

function redactCutOff(text: string, { names }: Redaction): string {
	return redactPieces(text, "cut-off", names);
}

const secretNames = keys
	.filter(({ secret }) => secret)
	.map(({ name }) => name.replace("*", "\\w*"))
	.join("|");
const secretName = new RegExp(`\\b(?:${secretNames})\\b`, "i");
const secretAssignment = new RegExp(`(\\b(?:${secretNames})"?\\s*=\\s*)(.*\\S)`, "is");
const brokenAssignment = new RegExp(`(\\b(?:${secretNames})\\b[\\s"=]*)(.*\\S)`, "is");
/** A key as it is usually written, or the start of a section. */
const ownStatement = /^\s*(?:[A-Z_][A-Z0-9_]*\s*=(?!=)|\[[^[\]]*\]\s*$)/;

/**
 * Comments and broken lines: what follows `=` behind the name of a secret key goes, up to the end of the line; with
 * `isBroken` what follows the name in any way.
 */
function redactLine(line: string, redaction: Redaction, isBroken: boolean): string {
	const found =
		isBroken || line.includes("=") ? (isBroken ? brokenAssignment : secretAssignment).exec(line) : null;
	const [, assignment = "", value = ""] = found ?? [];
	if (found === null || isMarked(value)) return redactWords(line, redaction);
	const valueAt = found.index + assignment.length;
	const key = assignment.replace(/\W+$/, "");
	return (
		redactWords(line.slice(0, valueAt), redaction) +
		redactPieces(value, key, redaction.names) +
		line.slice(valueAt + value.length)
	);
}

/**
 * A secret in a text with errors: what the errors may be about (quotes, brackets, odd characters, lengths) stays, or the
 * redacted text would parse where the text does not.
 */
function redactPieces(value: string, key: string, names: SecretNames): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among the errors
	return value.replace(/[^\s"'=[\]#\\$`();&|<>\u0000-\u001f\u007f\ufffd]+/g, (piece) =>
		isMarked(piece) ? piece : names.marker(key, piece).padEnd(piece.length > 1000 ? piece.length : 0, "x"),
	);
}

function redactWords(text: string, { names, words }: Redaction): string {
	const redacted = /[.$]/.test(text)
		? replaceSecretShapes(text, (sort, secret) => names.marker(sort, secret))
		: text;
	if (words.size === 0) return redacted;
	return redacted.replace(word, (each) => {
		const key = words.get(each);
		return key === undefined ? each : names.marker(key, each);
	});
}

/** Quotes and the filling of {@link redactPieces} may be around a marker. */
function isMarked(raw: string): boolean {
	return /^"?\{secret:[a-z0-9-]+\}x*"?$/.test(raw);
}
