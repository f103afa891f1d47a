import { checkValue, describeProblem } from "./check-value.ts";
import { type EvaluatedKey, isNone } from "./evaluate.ts";
import { expandedLengthLimit } from "./expand.ts";
import { findKey, findKeyWithoutEffect, nearestKey } from "./find-key.ts";
import { type Finding, visible } from "./findings.ts";
import type { Entry, Section } from "./lts-conf.ts";

/**
 * What lines say about themselves, whoever the node is: keys that are unknown or do nothing. Warnings only, at most so
 * many.
 */
export function checkEntries(file: string, entries: readonly Entry[], limit: number): Finding[] {
	const findings: Finding[] = [];
	for (const entry of entries) {
		if (findings.length >= limit) break;
		findings.push(...checkEntry(file, entry));
	}
	return findings;
}

function checkEntry(file: string, entry: Entry): Finding[] {
	const { key } = entry;
	if (findKey(key) !== undefined) return [];
	const withoutEffect = findKeyWithoutEffect(key);
	if (withoutEffect !== undefined) {
		const message = `${key} has no effect here: ${withoutEffect.reason}`;
		return [atKey(file, entry, "no-effect", message, "Leave the line out, or ignore this.")];
	}
	const nearest = nearestKey(key);
	const hint =
		key === "INCLUDE"
			? "LTSP 5 has no INCLUDE; use LIKE for sections, and copy the lines of other files."
			: nearest === undefined
				? "No step reads it. It is only a variable for the shell lines and for $NAME."
				: `Did you mean ${nearest}? As it stands it is only a variable for the shell lines and for $NAME.`;
	return [atKey(file, entry, "unknown-key", `unknown key ${visible(key)}`, hint)];
}

/** Sections and keys that occur twice, and LIKE in `[default]`. */
export function checkFileStructure(parsed: { file: string; sections: readonly Section[] }): Finding[] {
	const { file, sections } = parsed;
	const first = new Map<string, Section>();
	return sections.flatMap((section) => {
		const earlier = first.get(section.name);
		if (earlier === undefined) first.set(section.name, section);
		const likes = section.name === "default" && earlier === undefined ? likesInDefault(file, section) : [];
		const duplicates = earlier === undefined ? [] : [duplicateSection(file, section, earlier)];
		return [...duplicates, ...likes, ...duplicateKeys(file, section)];
	});
}

function likesInDefault(file: string, section: Section): Finding[] {
	const message = "LIKE is ignored in [default]";
	const hint = "Copy the keys here, or put the LIKE line into the sections of the nodes.";
	return section.entries
		.filter(({ key }) => key === "LIKE")
		.map((like) => atKey(file, like, "like-in-default", message, hint));
}

/** What is wrong with a key's value on one node: its type after expansion, and what was left unexpanded. */
export function checkNodeKey(file: string, evaluated: EvaluatedKey): Finding[] {
	const { key, winner, value, left, tooLong } = evaluated;
	if (winner === undefined) return [];
	const { entry } = winner;
	if (tooLong) {
		const message = `${key} is longer than ${expandedLengthLimit} characters once its $NAMEs are replaced`;
		const hint =
			"Shorten the values that it refers to; a value of a program's environment is at most 128 KiB.";
		return [atValue(file, entry, "error", "value-too-long", message, hint)];
	}
	return [...leftFindings(file, entry, left), ...valueFindings(file, entry, value)];
}

/** The finding for a value of the wrong type. */
export function valueFindings(file: string, entry: Entry, value: string): Finding[] {
	const definition = findKey(entry.key);
	if (definition === undefined || isNone(entry.raw)) return [];
	const problem = checkValue(definition, value);
	if (problem === undefined) return [];
	const message = describeProblem(definition, entry.key, value, problem);
	return [atValue(file, entry, problem.severity, "bad-value", message, definition.help)];
}

function leftFindings(file: string, entry: Entry, left: readonly string[]): Finding[] {
	if (left.length === 0) return [];
	const shown = left.slice(0, 3).map((each) => completion[each] ?? each);
	const more = left.length > shown.length ? ` and ${left.length - shown.length} more` : "";
	const message = `${visible(shown.join(", "))}${more} stays as written; LTSP 5 replaced it when it read the file`;
	const hint = "Write \\$ and \\` where the shell that runs the line is to see them: then both do the same.";
	return [atValue(file, entry, "warning", "not-expanded", message, hint)];
}

const completion: Readonly<Record<string, string>> = { "$(": "$(…)", "${": "${…}", "`": "`…`" };

function duplicateSection(file: string, section: Section, earlier: Section): Finding {
	return {
		severity: "warning",
		code: "lts-conf.duplicate-section",
		file,
		line: section.line,
		column: section.column,
		endColumn: section.column + section.nameAsWritten.length + 2,
		message: `section [${visible(section.nameAsWritten)}] is there already, in line ${earlier.line}; this one is ignored`,
		hint: "Put all keys of a node into one section.",
	};
}

function duplicateKeys(file: string, section: Section): Finding[] {
	const first = new Map<string, Entry>();
	return section.entries.flatMap((entry) => {
		const earlier = first.get(entry.key);
		first.set(entry.key, entry);
		if (earlier === undefined || entry.key === "LIKE") return [];
		const message = `${entry.key} is set in line ${earlier.line} already; the last one wins`;
		return [atKey(file, entry, "duplicate-key", message, "Remove one of the lines.")];
	});
}

function atKey(file: string, entry: Entry, code: string, message: string, hint: string): Finding {
	return {
		severity: "warning",
		code: `lts-conf.${code}`,
		file,
		line: entry.line,
		column: entry.column,
		endColumn: entry.column + entry.key.length,
		message,
		hint,
	};
}

function atValue(
	file: string,
	entry: Entry,
	severity: Finding["severity"],
	code: string,
	message: string,
	hint: string,
): Finding {
	return {
		severity,
		code: `lts-conf.${code}`,
		file,
		line: entry.valueLine,
		column: entry.valueColumn,
		endColumn: entry.valueColumn + Math.max(1, entry.raw.length),
		message,
		hint,
	};
}
