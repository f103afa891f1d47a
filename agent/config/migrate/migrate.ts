import { checkValue } from "../check-value.ts";
import { isOnlyReferences, referencedNames } from "../expand.ts";
import { findKey, isSecretKey } from "../find-key.ts";
import { type Finding, hasErrors, visible } from "../findings.ts";
import { type Entry, type ParsedFile, parseLtsConf, type Section } from "../lts-conf.ts";
import { compareNaturally } from "../natural-order.ts";
import { nodeFactNames } from "../node-facts.ts";
import { joinsInShell, readJoinLine } from "./join-line.ts";

export interface Migration {
	/** The new text; the old one where nothing can be done. */
	readonly text: string;
	/** What is left for a person, or to be thought about. Errors: the file cannot be read, and stays as it is. */
	readonly findings: readonly Finding[];
	/** Lines that keys stand for now. */
	readonly migrated: number;
}

/**
 * Writes `KUBEADM_JOIN_*` keys in the place of `RCFILE_*` lines that run `kubeadm join`; every other byte stays. Each node
 * joins afterwards if and only if it did before. What that cannot be said of stays, with a finding. Migrating the result
 * changes nothing.
 */
export function migrateLtsConf(text: string, file: string): Migration {
	const parsed = parseLtsConf(text, file);
	if (hasErrors(parsed.findings)) return { text, findings: parsed.findings, migrated: 0 };
	const lines = findJoinLines(parsed);
	const problem = problemOfFile(parsed, lines);
	const readings = lines.map((line) => ({ line, reading: problem ?? readKeys(line, parsed) }));
	const good = readings.flatMap(({ line, reading }) =>
		"problem" in reading ? [] : [{ ...line, ...reading }],
	);
	// All or none: a node may get several of these lines, and would join in both ways.
	const bad = readings.flatMap(({ line, reading }) =>
		"problem" in reading ? [leftFinding(file, line.entry, reading.problem)] : [],
	);
	if (bad.length > 0) return { text, findings: bad, migrated: 0 };
	const edits = editsFor(text, parsed, good);
	return { text: applyEdits(text, edits), findings: laterLines(parsed, good), migrated: good.length };
}

/** What `agent check` says about each line that {@link migrateLtsConf} is for. */
export function suggestKeys(parsed: ParsedFile): Finding[] {
	return findJoinLines(parsed).map(({ entry }) => ({
		...leftFinding(parsed.file, entry, ""),
		message: `${entry.key} joins the cluster in a shell line, which is tried once`,
		hint: "KUBEADM_JOIN_* keys go on until the node is Ready: agent migrate FILE writes them. As it stands, the line runs as before.",
	}));
}

interface JoinEntry {
	readonly section: Section;
	readonly entry: Entry;
}

interface MigratedLine extends JoinEntry {
	readonly keys: ReadonlyMap<string, string>;
	readonly rest: string;
}

/** Of sections of the same name only the first counts. */
function usedSections({ sections }: ParsedFile): readonly Section[] {
	return [...new Map(sections.toReversed().map((section) => [section.name, section])).values()].reverse();
}

function findJoinLines(parsed: ParsedFile): readonly JoinEntry[] {
	return usedSections(parsed).flatMap((section) =>
		section.entries
			.filter(({ key, value }) => key.startsWith("RCFILE_") && joinsInShell(value))
			.map((entry) => ({ section, entry })),
	);
}

/** What stands in the way of all lines. */
function problemOfFile(parsed: ParsedFile, lines: readonly JoinEntry[]): { problem: string } | undefined {
	const own = parsed.sections
		.flatMap(({ entries }) => entries)
		.find(({ key }) => /^(?:KUBEADM_JOIN_|KUBEADM_PATCHES$|NODE_NAME$|KUBERNETES_CRI_SOCKET$)/.test(key));
	if (own !== undefined)
		return { problem: `the file has keys of a join already, ${own.key} in line ${own.line}` };
	for (const { section, entry } of lines) {
		const twice = section.entries.find(
			(other) => other !== entry && (other.key === entry.key || lines.some((line) => line.entry === other)),
		);
		if (twice !== undefined) return { problem: `the section has ${twice.key} in line ${twice.line}, too` };
	}
	const names = new Set(lines.map(({ entry }) => entry.key));
	if (names.size < 2) return undefined;
	const override = overrides(parsed, lines)[0];
	if (override === undefined) return undefined;
	return {
		problem: `nodes join in ${[...names].join(" and ")}, and line ${override.entry.line} takes one of them back`,
	};
}

/** Lines of other sections that replace a join by something else; `[default]` replaces nothing. */
function overrides(parsed: ParsedFile, lines: readonly JoinEntry[]): readonly JoinEntry[] {
	const names = new Set(lines.map(({ entry }) => entry.key));
	return usedSections(parsed)
		.filter(({ name }) => name !== "default")
		.flatMap((section) =>
			section.entries
				.filter((entry) => names.has(entry.key) && !lines.some((line) => line.entry === entry))
				.map((entry) => ({ section, entry })),
		);
}

function readKeys({ entry }: JoinEntry, { sections }: ParsedFile): ReturnType<typeof readJoinLine> {
	if (entry.raw !== entry.value) {
		return { problem: "the line has a backslash or an inner quote" };
	}
	const reading = readJoinLine(entry.value);
	if ("problem" in reading) return reading;
	const known = new Set([
		...nodeFactNames,
		...sections.flatMap(({ entries }) => entries.map(({ key }) => key)),
	]);
	for (const [key, value] of reading.keys) {
		const problem = problemOfValue(key, value, known);
		if (problem !== undefined) return { problem };
	}
	return reading;
}

function problemOfValue(key: string, value: string, known: ReadonlySet<string>): string | undefined {
	if (!value.includes("$")) {
		const definition = findKey(key);
		const wrong = definition === undefined ? undefined : checkValue(definition, value);
		return wrong?.severity === "error" ? `what would become ${key}: ${wrong.message}` : undefined;
	}
	const unknown = referencedNames(value).find((name) => !known.has(name));
	if (unknown !== undefined) return `$${unknown} is a variable of the shell, and none of lts.conf`;
	if (!/\$/.test(value.replace(/\$[A-Za-z_]\w*/g, ""))) {
		return isSecretKey(key) && !isOnlyReferences(value)
			? `a part of what would become ${key} is in a variable`
			: undefined;
	}
	return `${visible(value)} is for the shell`;
}

interface Edit {
	readonly start: number;
	readonly end: number;
	readonly text: string;
}

function editsFor(text: string, parsed: ParsedFile, lines: readonly MigratedLine[]): readonly Edit[] {
	const rows = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
	const placeOf = (entry: Entry) => {
		const row = rows[entry.line - 1] ?? 0;
		const start = row + entry.column - 1;
		const before = text.slice(row, start);
		const next = text.indexOf("\n", start);
		const lineEnd = next > 0 && text[next - 1] === "\r" ? "\r\n" : "\n";
		return { start, separator: `${lineEnd}${/^\s*$/.test(before) ? before : ""}` };
	};
	// A node that gets keys of a lower section, too, must not keep those that its own line did not have.
	const all = new Set(lines.flatMap(({ keys }) => [...keys.keys()]));
	const migrated = lines.map(({ entry, keys, rest }): Edit => {
		const { start, separator } = placeOf(entry);
		const assignments = [
			...[...keys].map(([key, value]) => `${key} = "${value}"`),
			...[...all].filter((key) => !keys.has(key)).map((key) => `${key} = NONE`),
			...(rest === "" ? [] : [`${entry.key} = "${rest}"`]),
		];
		return { start, end: entry.end + (entry.quoted ? 1 : 0), text: assignments.join(separator) };
	});
	const joining = new Set(lines.map(({ section }) => section));
	const taken = overrides(parsed, lines)
		.filter(({ section }) => !joining.has(section))
		.map(({ entry }): Edit => {
			const { start, separator } = placeOf(entry);
			const keys = ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG"].filter((key) => all.has(key));
			return { start, end: start, text: keys.map((key) => `${key} = NONE${separator}`).join("") };
		});
	return [...migrated, ...taken].sort((a, b) => a.start - b.start);
}

function applyEdits(text: string, edits: readonly Edit[]): string {
	const parts: string[] = [];
	let done = 0;
	for (const edit of edits) {
		parts.push(text.slice(done, edit.start), edit.text);
		done = edit.end;
	}
	return [...parts, text.slice(done)].join("");
}

/** The unit that joins runs after all lines of rc.local. */
function laterLines({ file, sections }: ParsedFile, lines: readonly JoinEntry[]): Finding[] {
	const first = lines.map(({ entry }) => entry.key).sort(compareNaturally)[0];
	if (first === undefined) return [];
	return sections
		.flatMap(({ entries }) => entries)
		.filter(({ key, value }) => key.startsWith("RCFILE_") && !joinsInShell(value) && value.trim() !== "")
		.filter(({ key, raw }) => compareNaturally(key, first) > 0 && raw.toUpperCase() !== "NONE")
		.map((entry) => ({
			...leftFinding(file, entry, ""),
			code: "lts-conf.runs-before-join",
			message: `${entry.key} ran after the join, and runs before it now`,
			hint: "Move it into a unit that is ordered after netherd-join.service, if it needs the cluster.",
		}));
}

function leftFinding(file: string, entry: Entry, problem: string): Finding {
	return {
		severity: "warning",
		code: "lts-conf.join-in-rcfile",
		file,
		line: entry.line,
		column: entry.column,
		endColumn: entry.column + entry.key.length,
		message: `${entry.key} stays as it is: ${problem}`,
		hint: "Write KUBEADM_JOIN_ENDPOINT, KUBEADM_JOIN_TOKEN and KUBEADM_JOIN_CA_CERT_HASH by hand, and take kubeadm join out of the line.",
	};
}
