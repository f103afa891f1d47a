import { type Expansion, expand, isOnlyReferences } from "./expand.ts";
import { isSecretKey } from "./find-key.ts";
import type { Entry } from "./lts-conf.ts";
import type { SelectedSection } from "./select.ts";

/** One `KEY = VALUE` of an applying section. */
export interface Assignment {
	readonly entry: Entry;
	readonly from: SelectedSection;
}

export interface EvaluatedKey {
	readonly key: string;
	/** The line that decides, unless it says NONE. */
	readonly winner: Assignment | undefined;
	/** After expansion; empty when the key is unset or `tooLong`. */
	readonly value: string;
	readonly lost: readonly LostAssignment[];
	/** What a shell would have replaced and we did not. */
	readonly left: readonly string[];
	readonly tooLong: boolean;
}

export interface LostAssignment extends Assignment {
	readonly why: string;
}

/** Twice what check-size.ts allows, in characters: a few lines can refer to a long value so often that memory ends. */
const totalLengthLimit = 4 * 1024 * 1024;

/** A value that makes its key unset, in any case. */
export function isNone(raw: string): boolean {
	return raw.length === 4 && raw.toUpperCase() === "NONE";
}

/**
 * The keys that the given sections set (highest priority first), with `$NAME` replaced. Keys are evaluated in LTSP 5's
 * order, which decides what is "set before": sections from the lowest priority up, a key at the place where it occurs
 * first. `environment` is what is known before (facts, keys of the command line); it is not changed. When all values
 * together are far more than a node can have, the rest is left out.
 */
export function evaluateSections(
	sections: readonly SelectedSection[],
	environment: ReadonlyMap<string, string>,
	isWanted: (key: string) => boolean = () => true,
): EvaluatedKey[] {
	const known = new Map(environment);
	let totalLength = 0;
	const evaluated: EvaluatedKey[] = [];
	for (const [key, assignments] of collectAssignments(sections, isWanted)) {
		const last = assignments.at(-1);
		if (last === undefined) continue;
		const winner = isNone(last.entry.raw) ? undefined : last;
		const lost =
			assignments.length === 1 && winner !== undefined
				? []
				: assignments.filter((each) => each !== winner).map((each) => explainLoss(each, last));
		if (winner === undefined) {
			evaluated.push({ key, winner, value: "", lost, left: [], tooLong: false });
			continue;
		}
		const { text, left, tooLong } = textOf(winner.entry, known);
		totalLength += text.length;
		if (totalLength > totalLengthLimit) {
			evaluated.push({ key, winner, value: text, lost, left, tooLong });
			break;
		}
		known.set(key, text);
		evaluated.push({ key, winner, value: text, lost, left, tooLong });
	}
	return evaluated;
}

/** A secret is a text of its own (password hashes are full of `$`), unless it is nothing but references. */
function textOf(entry: Entry, known: ReadonlyMap<string, string>): Expansion {
	if (isSecretKey(entry.key) && !isOnlyReferences(entry.raw)) {
		return { text: entry.value, left: [], tooLong: false };
	}
	return expand(entry.raw, (name) => known.get(name));
}

/** All assignments of each key, the deciding one last. */
function collectAssignments(
	sections: readonly SelectedSection[],
	isWanted: (key: string) => boolean,
): Map<string, Assignment[]> {
	const byKey = new Map<string, Assignment[]>();
	for (const from of sections.toReversed()) {
		for (const entry of from.section.entries) {
			if (entry.key === "LIKE" || !isWanted(entry.key)) continue;
			const assignments = byKey.get(entry.key);
			if (assignments === undefined) byKey.set(entry.key, [{ entry, from }]);
			else assignments.push({ entry, from });
		}
	}
	return byKey;
}

function explainLoss(lost: Assignment, decisive: Assignment): LostAssignment {
	const { entry, from } = decisive;
	if (lost === decisive) return { ...lost, why: "NONE unsets the key" };
	const verb = isNone(entry.raw) ? "unsets the key" : "comes first";
	const why =
		lost.from === from
			? `a later line of the same section, ${entry.line}, ${isNone(entry.raw) ? verb : "replaces it"}`
			: `[${from.section.nameAsWritten}], line ${entry.line}, ${verb}`;
	return { ...lost, why };
}
