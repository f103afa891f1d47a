import { checkEntry, checkFileStructure, checkNodeKey, valueFindings } from "./check-entry.ts";
import { checkTogether, keysCheckedTogether } from "./check-together.ts";
import { evaluateSections } from "./evaluate.ts";
import { referencedNames } from "./expand.ts";
import { type Finding, hasErrors, sortFindings } from "./findings.ts";
import { asciiLowerCase } from "./glob.ts";
import { type Entry, type ParsedFile, parseLtsConf, type Section } from "./lts-conf.ts";
import { nodeFactNames } from "./node-facts.ts";
import {
	findLikeCycles,
	indexSections,
	likesOf,
	type SectionIndex,
	selectAllNodes,
	unknownLike,
} from "./select.ts";
import { knownAtBoot } from "./values.ts";

/**
 * Everything that is wrong with an lts.conf, for all of its nodes, sorted by position. Values that refer to other keys
 * with `$NAME` are looked at on each node.
 */
export function checkLtsConf(text: string, file: string): Finding[] {
	const parsed = parseLtsConf(text, file);
	return firstFindings(sortFindings([...parsed.findings, ...checkParsed(parsed)]));
}

/** More than one for every node of a large farm; beyond that nobody reads them. */
export const findingsLimit = 20_000;

/** The first findings, and a last one that speaks for the rest. */
function firstFindings(findings: readonly Finding[]): Finding[] {
	const [next, ...others] = findings.slice(findingsLimit);
	if (next === undefined) return [...findings];
	const { file, line, column } = next;
	const last: Finding = {
		severity: hasErrors([next, ...others]) ? "error" : "warning",
		code: "lts-conf.too-many-findings",
		file,
		line,
		column,
		message: `${findingsLimit} findings; ${others.length + 1} more from here on are not shown`,
		hint: "Correct those above first.",
	};
	return [...findings.slice(0, findingsLimit), last];
}

/** The findings beyond those of the parser. After a syntax error what follows may be wrong, so only warnings of lines. */
function checkParsed(parsed: ParsedFile): Finding[] {
	const index = indexSections(parsed);
	const entries = parsed.sections.flatMap((section) => section.entries);
	const findings = [
		...checkFileStructure(parsed),
		...entries.flatMap((entry) => checkEntry(parsed.file, entry)),
		...entries
			.filter((entry) => !isExpandable(entry))
			.flatMap((entry) => valueFindings(parsed.file, entry, entry.value)),
	];
	if (hasErrors(parsed.findings)) return findings;
	const sections = parsed.sections.map((section) => ({ section }));
	return [
		...findings,
		...unknownLikes(parsed, index),
		...findLikeCycles(index, sections),
		...checkNodes(parsed, index),
	];
}

function unknownLikes(parsed: ParsedFile, index: SectionIndex): Finding[] {
	return parsed.sections.flatMap((section) =>
		section.name === "default"
			? []
			: likesOf(section)
					.filter((like) => !index.byName.has(asciiLowerCase(like.raw)))
					.map((like) => unknownLike(parsed.file, like)),
	);
}

/** Values with `$` on every node that the file names, on one node for each pattern, and on a node it does not name. */
function checkNodes(parsed: ParsedFile, index: SectionIndex): Finding[] {
	const wanted = keysToEvaluate(parsed.sections);
	if (wanted.size === 0) return [];
	const environment = new Map(nodeFactNames.map((name) => [name, knownAtBoot]));
	const seen = new Map<string, Finding>();
	for (const { sections } of selectAllNodes(index)) {
		const evaluated = evaluateSections(sections, environment, (name) => wanted.has(name));
		for (const finding of checkTogether(parsed.file, evaluated)) {
			seen.set(`${finding.line}:${finding.column}:${finding.code}`, finding);
		}
		for (const key of evaluated) {
			if (key.winner === undefined || !isExpandable(key.winner.entry)) continue;
			for (const finding of checkNodeKey(parsed.file, key)) {
				seen.set(`${finding.line}:${finding.column}:${finding.code}`, finding);
			}
		}
	}
	return [...seen.values()];
}

/** The keys that are checked with others, that have something to expand, and the keys that these refer to. */
function keysToEvaluate(sections: readonly Section[]): ReadonlySet<string> {
	const wanted = new Set<string>();
	for (const entry of sections.flatMap((section) => section.entries)) {
		if (keysCheckedTogether.has(entry.key)) wanted.add(entry.key);
		if (!isExpandable(entry)) continue;
		wanted.add(entry.key);
		for (const name of referencedNames(entry.raw)) wanted.add(name);
	}
	return wanted;
}

function isExpandable(entry: Entry): boolean {
	return /[$`]/.test(entry.raw);
}
