import { checkNodeKey } from "./check-entry.ts";
import { checkTotalSize, environmentLimitBytes } from "./check-size.ts";
import { checkTogether, keysCheckedTogether } from "./check-together.ts";
import { type EvaluatedKey, evaluateSections } from "./evaluate.ts";
import { referencedNames } from "./expand.ts";
import type { Finding } from "./findings.ts";
import type { Entry, ParsedFile, Section } from "./lts-conf.ts";
import { nodeFactNames } from "./node-facts.ts";
import { type SectionIndex, type SelectedSection, selectAllNodes } from "./select.ts";
import { knownAtBoot } from "./values.ts";

/**
 * How much is looked at, in lines: ten times what a farm of 10,000 nodes has. A file whose sections are LIKE each other in
 * a long chain, or that is full of patterns, would take for ever otherwise.
 */
const linesLimit = 20_000_000;
/** What else costs as much as a line. */
const linesPerSection = 20;
const patternsPerLine = 4;
const charactersPerLine = 100;

/**
 * What shows only on a node: values with `$`, keys that need others, the size of all values together. Looked at on every
 * node that the file names, on one node for each pattern, and on a node that it does not name.
 */
export function checkNodes(parsed: ParsedFile, index: SectionIndex): Finding[] {
	const wanted = keysToEvaluate(parsed.sections);
	if (wanted.size === 0 && sizeOf(parsed.sections) <= environmentLimitBytes) return [];
	const environment = new Map(nodeFactNames.map((name) => [name, knownAtBoot]));
	const seen = new Map<string, Finding>();
	let lines = 0;
	let nodes = 0;
	for (const { sections } of selectAllNodes(index)) {
		const evaluated = evaluateSections(sections, environment, (name) => wanted.has(name));
		for (const finding of [
			...checkTogether(parsed.file, evaluated),
			...evaluated.flatMap((key) => expandedFindings(parsed.file, key)),
			...sizeFindings(parsed.file, sections, evaluated, environment),
		]) {
			seen.set(`${finding.line}:${finding.column}:${finding.code}`, finding);
		}
		nodes++;
		lines += index.patterns.length / patternsPerLine;
		for (const { value } of evaluated) lines += value.length / charactersPerLine;
		for (const { section } of sections) lines += linesPerSection + section.entries.length;
		if (lines > linesLimit) return [...seen.values(), partlyChecked(parsed.file, sections, nodes)];
	}
	return [...seen.values()];
}

/** Values that do not depend on the node are checked once for the file. */
function expandedFindings(file: string, key: EvaluatedKey): Finding[] {
	return key.winner !== undefined && isExpandable(key.winner.entry) ? checkNodeKey(file, key) : [];
}

/** Adds up what is written; only when that, and what `$NAME` brings, may be too much, all keys are evaluated. */
function sizeFindings(
	file: string,
	sections: readonly SelectedSection[],
	evaluated: readonly EvaluatedKey[],
	environment: ReadonlyMap<string, string>,
): Finding[] {
	const expandedBytes = evaluated.reduce((sum, { value }) => sum + 3 * value.length, 0);
	const writtenBytes = sizeOf(sections.map(({ section }) => section));
	if (writtenBytes + expandedBytes <= environmentLimitBytes) return [];
	return checkTotalSize(file, evaluateSections(sections, environment));
}

const sizes = new WeakMap<Section, number>();

/** At most so many bytes are the keys and values as written: a character is up to three bytes of UTF-8. */
function sizeOf(sections: readonly Section[]): number {
	let total = 0;
	for (const section of sections) {
		let size = sizes.get(section);
		if (size === undefined) {
			size = section.entries.reduce((sum, { key, raw }) => sum + key.length + 3 * raw.length + 2, 0);
			sizes.set(section, size);
		}
		total += size;
	}
	return total;
}

/** The keys that are checked with others, that have something to expand, and the keys that these refer to. */
function keysToEvaluate(sections: readonly Section[]): ReadonlySet<string> {
	const wanted = new Set<string>();
	const isTogether = keysCheckedTogether(sections.flatMap(({ entries }) => entries));
	for (const section of sections) {
		for (const entry of section.entries) {
			if (isTogether(entry.key)) wanted.add(entry.key);
			if (!isExpandable(entry)) continue;
			wanted.add(entry.key);
			for (const name of referencedNames(entry.raw)) wanted.add(name);
		}
	}
	return wanted;
}

/** Whether a value may be another on each node. */
export function isExpandable(entry: Entry): boolean {
	return /[$`]/.test(entry.raw);
}

function partlyChecked(file: string, sections: readonly SelectedSection[], nodes: number): Finding {
	const { line = 1, column = 1 } = sections[0]?.section ?? {};
	return {
		severity: "warning",
		code: "lts-conf.partly-checked",
		file,
		line,
		column,
		message: `values with $ were looked at on the first ${nodes} nodes only, up to this one`,
		hint: "The file has too many patterns, or too many sections that are LIKE each other, to look at every node. agent explain looks at one.",
	};
}
