import { checkLtsConf } from "../config/check.ts";
import { commandLineFile } from "../config/cmdline.ts";
import { referencedNames } from "../config/expand.ts";
import { findKey, findKeyWithoutEffect, nearestKey } from "../config/find-key.ts";
import { type Finding, hasErrors, sortFindings } from "../config/findings.ts";
import { parseLtsConf } from "../config/lts-conf.ts";
import { nodeFactNames } from "../config/node-facts.ts";
import { redactSecrets } from "../config/secrets.ts";
import type { SelectedSection } from "../config/select.ts";
import { NetherdError } from "../errors.ts";
import { readText } from "./check.ts";
import { type Explanation, explainNode } from "./explanation.ts";
import { explanationToJson, explanationToText } from "./explanation-output.ts";
import { type Output, printFindings } from "./findings-output.ts";
import { type IdentityOptions, identifyNode, type NodeIdentity } from "./node-identity.ts";
import { knownAtBoot, resolveNode } from "./resolve-node.ts";

/** What `agent explain` has found out. */
export interface ExplainedFile {
	readonly file: string;
	readonly node: NodeIdentity;
	/** Those that apply, highest priority first. */
	readonly sections: readonly SelectedSection[];
	readonly keys: readonly Explanation[];
	/** The key that was asked for, in upper case. */
	readonly wanted?: string;
	/** Lines that set the wanted key in sections that do not apply to the node. */
	readonly elsewhere: readonly { readonly line: number; readonly section: string }[];
	readonly warnings: number;
	/** Also the keys that nothing sets. */
	readonly all: boolean;
}

/**
 * `agent explain FILE [KEY]`. Returns the exit code: 0, 2 (the file has errors).
 *
 * @throws {NetherdError} `usage.unknown-key`, `usage.bad-option`, `usage.unreadable-file`.
 */
export function explain(
	file: string,
	key: string | undefined,
	options: IdentityOptions & { readonly all: boolean },
	output: Output,
): number {
	const text = readText(file);
	const node = identifyNode(options);
	const findings = findingsFor(text, file, node);
	if (hasErrors(findings)) {
		const commandLine = { file: commandLineFile, text: node.commandLine };
		const isItsFault = findings.some((finding) => finding.file === commandLineFile);
		printFindings(findings, [{ file, text }, ...(isItsFault ? [commandLine] : [])], output);
		return 2;
	}
	const explained = explainText(redactSecrets(text, file).text, file, node, key?.toUpperCase());
	const warnings = findings.filter((finding) => finding.file === file).length;
	const result: ExplainedFile = { ...explained, warnings, all: options.all };
	output.print(
		output.format === "json"
			? `${JSON.stringify(explanationToJson(result), null, 1)}\n`
			: explanationToText(result),
	);
	return 0;
}

/**
 * What is wrong with a text and, beyond that, with what the node makes of it. Goes by the text with its secrets, because
 * places and checks of secret values would be others without.
 */
export function findingsFor(text: string, file: string, node: NodeIdentity): Finding[] {
	const findings = checkLtsConf(text, file);
	if (hasErrors(findings)) return findings;
	const known = new Set(findings.map(placeOf));
	const ofNode = resolveNode(parseLtsConf(text, file), node, { unknownFact: knownAtBoot }).findings;
	const errors = ofNode.filter((finding) => finding.severity === "error" && !known.has(placeOf(finding)));
	return sortFindings([...findings, ...errors]);
}

function placeOf({ file, line, column, code }: Finding): string {
	return `${file}:${line}:${column} ${code}`;
}

/** `text` is without secrets. */
function explainText(text: string, file: string, node: NodeIdentity, wanted?: string) {
	const parsed = parseLtsConf(text, file);
	const resolved = resolveNode(parsed, node);
	const { sections } = resolved.configuration;
	const applying = new Set(sections.map(({ section }) => section));
	const places = parsed.sections.flatMap((section) =>
		section.entries.map(({ key, raw, line }) => ({
			key,
			raw,
			line,
			section: section.nameAsWritten,
			applies: applying.has(section),
		})),
	);
	const rawOf = new Map(places.map(({ key, line, raw }) => [`${key} ${line}`, raw]));
	const isWanted = (key: string) => wanted === undefined || matches(wanted, key);
	const inFile = places.filter(({ key }) => isWanted(key));
	const onCommandLine = [...resolved.commandLine.keys.keys()].some(isWanted);
	if (wanted !== undefined && inFile.length === 0 && !onCommandLine) requireKnown(wanted);
	return {
		file,
		node,
		sections,
		keys: explainNode({ ...node, configuration: { file, from: file, text } }, resolved)
			.filter(({ key }) => isWanted(key))
			.map((each) => ({ ...each, unknownFacts: unknownFacts(each, rawOf.get(`${each.key} ${each.line}`)) })),
		...(wanted === undefined ? {} : { wanted }),
		elsewhere: wanted === undefined ? [] : inFile.filter(({ applies }) => !applies),
	};
}

/** Names in the line as written, because `\\$NAME` looks like `$NAME` in the value. */
function unknownFacts({ value = "" }: Explanation, raw = ""): readonly string[] {
	return referencedNames(raw).filter(
		(name) => nodeFactNames.includes(name) && (value.includes(`$${name}`) || value.includes(`\${${name}}`)),
	);
}

/** A key, or all of a family: `FSTAB_*`, `FSTAB_`. */
function matches(wanted: string, key: string): boolean {
	return /_\*?$/.test(wanted) ? key.startsWith(wanted.replace(/\*$/, "")) : key === wanted;
}

function requireKnown(wanted: string): void {
	if (findKey(wanted) !== undefined || findKeyWithoutEffect(wanted) !== undefined) return;
	const nearest = nearestKey(wanted);
	throw new NetherdError("usage.unknown-key", `${JSON.stringify(wanted)} is no key of lts.conf`, {
		hint:
			nearest === undefined
				? "docs/lts-conf.md lists the keys; agent explain FILE --all shows them with their values"
				: `did you mean ${nearest}?`,
	});
}
