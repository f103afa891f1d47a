import { checkLtsConf } from "../../config/check.ts";
import type { Finding } from "../../config/findings.ts";
import { type ParsedFile, parseLtsConf } from "../../config/lts-conf.ts";
import { redactSecrets } from "../../config/secrets.ts";
import { readText } from "../check.ts";

/** One of the two files. */
export interface Version {
	readonly file: string;
	/** As it is, for the places of findings. */
	readonly text: string;
	readonly findings: readonly Finding[];
	/** Without secrets. */
	readonly parsed: ParsedFile;
}

/**
 * Reads both files. A secret has the same marker in both when it is the same secret, and different markers when it is not,
 * so that a changed token shows as a change.
 */
export function readVersions(oldFile: string, newFile: string): { before: Version; after: Version } {
	const before = readVersion(oldFile);
	const after = readVersion(newFile);
	const renamed = renameSecrets(after.redacted.text, before.redacted.secrets, after.redacted.secrets);
	return {
		before: { ...before, parsed: parseLtsConf(before.redacted.text, oldFile) },
		after: { ...after, parsed: parseLtsConf(renamed, newFile) },
	};
}

function readVersion(file: string) {
	const text = readText(file);
	return { file, text, findings: checkLtsConf(text, file), redacted: redactSecrets(text, file) };
}

type Secrets = Readonly<Record<string, string>>;

function renameSecrets(text: string, before: Secrets, after: Secrets): string {
	const nameBefore = new Map(Object.entries(before).map(([name, value]) => [value, name]));
	const taken = new Set([...Object.keys(before), ...Object.keys(after)]);
	const names = new Map(
		Object.entries(after).map(([name, value]) => {
			const known = nameBefore.get(value);
			if (known !== undefined) return [name, known];
			return [name, Object.hasOwn(before, name) ? freeName(name, taken) : name];
		}),
	);
	return text.replace(/\{secret:([a-z0-9-]+)\}/g, (_, name: string) => `{secret:${names.get(name) ?? name}}`);
}

function freeName(name: string, taken: Set<string>): string {
	let free = `${name}-new`;
	for (let count = 2; taken.has(free); count++) free = `${name}-new-${count}`;
	taken.add(free);
	return free;
}
