import { checkBootedParameters } from "./booted-parameters.ts";
import { checkEntries, checkFileStructure, checkNodeKey } from "./check-entry.ts";
import { checkTotalSize } from "./check-size.ts";
import { checkConflicts } from "./check-together.ts";
import { checkValue, describeProblem } from "./check-value.ts";
import { type CommandLine, commandLineFile } from "./cmdline.ts";
import { type Configuration, type ExplainedKey, makeConfiguration } from "./configuration.ts";
import { type EvaluatedKey, evaluateSections } from "./evaluate.ts";
import { findKey } from "./find-key.ts";
import { type Finding, hasErrors, sortFindings } from "./findings.ts";
import { keys } from "./keys.ts";
import type { ParsedFile } from "./lts-conf.ts";
import {
	describeReason,
	type Identities,
	indexSections,
	type SectionIndex,
	selectSections,
} from "./select.ts";

export type { Configuration } from "./configuration.ts";

export interface ResolveInputs {
	readonly file: ParsedFile;
	readonly identities: Identities;
	readonly commandLine: Pick<CommandLine, "keys" | "parameters">;
	/** What `$NAME` may mean besides keys: `IPV4ADDR`, `SERVER` … (see node-facts.ts). */
	readonly facts: Readonly<Record<string, string>>;
}

export interface Resolved {
	readonly configuration: Configuration;
	/**
	 * What is wrong for this node, beyond the findings that parsing the file and the command line gave. With an error in
	 * any of the three the configuration must not be used.
	 */
	readonly findings: readonly Finding[];
}

/** A node says its warnings on the console; nobody reads more. */
const warningsLimit = 1000;

/**
 * What one node gets: the sections of lts.conf that apply, over the `ltsp.*` keys of the kernel command line, over the
 * defaults of the key table. Pure; never throws. A file with a syntax error contributes nothing but its findings.
 */
export function resolveConfiguration(inputs: ResolveInputs): Resolved {
	const { file, identities, commandLine, facts } = inputs;
	const { index, structureFindings } = wholeFile(file);
	const { sections, findings: selectionFindings } = selectSections(index, identities);
	const environment = new Map([...Object.entries(facts), ...commandLine.keys]);
	const evaluated = evaluateSections(sections, environment);
	const isSet = new Set(evaluated.flatMap(({ key, winner }) => (winner === undefined ? [] : [key])));
	const findings = [
		...selectionFindings,
		...structureFindings,
		...checkEntries(
			file.file,
			sections.flatMap(({ section }) => section.entries),
			warningsLimit,
		),
		...evaluated.flatMap((key) => checkNodeKey(file.file, key)),
		...checkConflicts(file.file, evaluated),
		...checkCommandLineKeys(commandLine, isSet),
		...checkBootedParameters(file.file, evaluated, commandLine),
		...checkTotalSize(file.file, evaluated),
	];
	return {
		configuration: makeConfiguration({ keys: explainKeys(file.file, evaluated, commandLine.keys), sections }),
		findings: sortFindings(findings),
	};
}

interface WholeFile {
	readonly index: SectionIndex;
	readonly structureFindings: readonly Finding[];
}

/** What is the same for every node of a file; kept, because a farm has many nodes. */
const wholeFiles = new WeakMap<ParsedFile, WholeFile>();

function wholeFile(file: ParsedFile): WholeFile {
	const known = wholeFiles.get(file);
	if (known !== undefined) return known;
	const isUsable = !hasErrors(file.findings);
	const whole = {
		index: indexSections(isUsable ? file : { file: file.file, sections: [] }),
		structureFindings: isUsable ? checkFileStructure(file) : [],
	};
	wholeFiles.set(file, whole);
	return whole;
}

function explainKeys(
	file: string,
	evaluated: readonly EvaluatedKey[],
	commandLineKeys: ReadonlyMap<string, string>,
): ExplainedKey[] {
	const explained = new Map<string, ExplainedKey>();
	for (const { name, default: value } of keys) {
		if (value !== undefined) explained.set(name, { key: name, value, origin: { kind: "default" }, lost: [] });
	}
	for (const [key, value] of commandLineKeys) {
		explained.set(key, {
			key,
			value,
			origin: { kind: "command line" },
			lost: lostDefault(explained.get(key)),
		});
	}
	for (const { key, winner, value, lost } of evaluated) {
		const lower = explained.get(key);
		const lostLines = lost.toReversed().map(({ entry, from, why }) => ({
			value: entry.value,
			file,
			line: entry.line,
			section: from.section.nameAsWritten,
			why,
		}));
		if (winner === undefined) {
			// As in LTSP 5, NONE takes back what sections say; a value from the command line stands.
			const remains = lower ?? { key, origin: { kind: "unset" as const }, lost: [] };
			explained.set(key, { ...remains, lost: [...lostLines, ...remains.lost] });
			continue;
		}
		const { entry, from } = winner;
		const { nameAsWritten: section } = from.section;
		explained.set(key, {
			key,
			value,
			origin: {
				kind: "lts.conf",
				file,
				line: entry.line,
				column: entry.column,
				section,
				via: describeReason(from.reason),
			},
			lost: [...lostLines, ...lostDefault(lower, "lts.conf")],
		});
	}
	return [...explained.values()];
}

/** A value that something of higher priority replaces, with what it had replaced itself. */
function lostDefault(lower: ExplainedKey | undefined, by = "the command line") {
	if (lower?.value === undefined) return [];
	const value = { value: lower.value, why: `${by} comes before the ${lower.origin.kind}` };
	return [value, ...lower.lost];
}

function checkCommandLineKeys(
	commandLine: ResolveInputs["commandLine"],
	isSet: ReadonlySet<string>,
): Finding[] {
	return [...commandLine.keys].flatMap(([key, value]) => {
		const definition = findKey(key);
		const problem = definition && !isSet.has(key) ? checkValue(definition, value) : undefined;
		if (definition === undefined || problem === undefined) return [];
		const parameter = commandLine.parameters.findLast(({ name }) => name.toUpperCase() === `LTSP.${key}`);
		return [
			{
				severity: problem.severity,
				code: "cmdline.bad-value",
				file: commandLineFile,
				line: 1,
				column: parameter?.column ?? 1,
				message: describeProblem(definition, key, value, problem),
				hint: definition.help,
			},
		];
	});
}
