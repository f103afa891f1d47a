import { checkEntries, checkFileStructure, valueFindings } from "./check-entry.ts";
import { checkNodes, isExpandable } from "./check-nodes.ts";
import { type Finding, hasErrors, sortFindings } from "./findings.ts";
import { asciiLowerCase } from "./glob.ts";
import { type ParsedFile, parseLtsConf } from "./lts-conf.ts";
import { suggestKeys } from "./migrate/migrate.ts";
import { findLikeCycles, indexSections, likesOf, type SectionIndex, unknownLike } from "./select.ts";

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
		...checkEntries(parsed.file, entries, findingsLimit + 1),
		...entries
			.filter((entry) => !isExpandable(entry))
			.flatMap((entry) => valueFindings(parsed.file, entry, entry.value)),
	];
	if (hasErrors(parsed.findings)) return findings;
	const sections = parsed.sections.map((section) => ({ section }));
	return [
		...findings,
		...unknownLikes(parsed, index),
		...suggestKeys(parsed),
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
