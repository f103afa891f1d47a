import { diffArrays, structuredPatch } from "diff";
import type { Action } from "../../plan/action.ts";
import type { StagePlan } from "../../plan/plan.ts";
import { actionDetails } from "../../plan/render.ts";

/** What becomes of an action. */
export type ActionChange =
	| { readonly change: "added"; readonly new: Action; readonly diff?: string }
	| { readonly change: "removed"; readonly old: Action; readonly diff?: string }
	| { readonly change: "changed"; readonly old: Action; readonly new: Action; readonly diff?: string }
	/** The same, at another place of its step. */
	| { readonly change: "moved"; readonly new: Action };

export interface StepChanges {
	readonly name: string;
	readonly changes: readonly ActionChange[];
}

export interface StageChanges {
	readonly name: string;
	readonly steps: readonly StepChanges[];
}

/** The stages and steps that differ, in boot order. Reasons (`because`) do not count: they name lines, which move. */
export function comparePlans(before: readonly StagePlan[], after: readonly StagePlan[]): StageChanges[] {
	return after.flatMap(({ name, steps }) => {
		const oldSteps = before.find((stage) => stage.name === name)?.steps ?? [];
		const changed = steps.flatMap((step) => {
			const old = oldSteps.find((each) => each.name === step.name)?.actions ?? [];
			const changes = compareActions(old, step.actions);
			return changes.length === 0 ? [] : [{ name: step.name, changes }];
		});
		return changed.length === 0 ? [] : [{ name, steps: changed }];
	});
}

interface Candidate {
	readonly action: Action;
	readonly text: string;
}

/** An action that is gone and one that is new are one change when both are about the same path or program. */
function compareActions(before: readonly Action[], after: readonly Action[]): ActionChange[] {
	const oldOnes = before.map(candidate);
	const newOnes = after.map(candidate);
	const isSame =
		oldOnes.length === newOnes.length && oldOnes.every((old, i) => old.text === newOnes[i]?.text);
	if (isSame) return [];
	const parts = diffArrays(oldOnes, newOnes, { comparator: (a, b) => a.text === b.text });
	const gone = parts.filter(({ removed }) => removed).flatMap(({ value }) => value);
	const partnerOf = new Map<Candidate, Candidate>();
	for (const part of parts.filter(({ added }) => added)) {
		for (const candidate of part.value) {
			const subject = subjectOf(candidate.action);
			const at = gone.findIndex(({ action }) => subjectOf(action) === subject);
			const [partner] = at < 0 ? [] : gone.splice(at, 1);
			if (partner !== undefined) partnerOf.set(candidate, partner);
		}
	}
	const isGone = new Set(gone);
	return parts.flatMap(({ value, added, removed }) => {
		if (removed) return value.filter((each) => isGone.has(each)).map(({ action }) => removal(action));
		return added ? value.map((each) => addition(each, partnerOf.get(each))) : [];
	});
}

function candidate(action: Action): Candidate {
	const { because: _, ...rest } = action;
	return { action, text: JSON.stringify(rest) };
}

function subjectOf(action: Action): string {
	switch (action.kind) {
		case "spawn":
			return JSON.stringify([action.kind, action.argv]);
		case "fetchImage":
		case "moveTree":
		case "joinCluster":
			return action.kind;
		default:
			return JSON.stringify([action.kind, action.path]);
	}
}

function removal(action: Action): ActionChange {
	return { change: "removed", old: action, ...diffOf(bodyOf(action), "") };
}

function addition({ action, text }: Candidate, partner: Candidate | undefined): ActionChange {
	if (partner === undefined) return { change: "added", new: action, ...diffOf("", bodyOf(action)) };
	if (partner.text === text) return { change: "moved", new: action };
	const diff = diffOf(bodyOf(partner.action), bodyOf(action));
	return { change: "changed", old: partner.action, new: action, ...diff };
}

/** The lines of an action: a file's content, a program's environment, what is said about a join. */
function bodyOf(action: Action): string {
	if (action.kind === "putFile") return action.content;
	if (action.kind === "joinCluster") {
		return actionDetails({ ...action, because: undefined })
			.map((line) => `${line}\n`)
			.join("");
	}
	if (action.kind !== "spawn") return "";
	return Object.entries(action.environment ?? {})
		.map(([name, value]) => `${name}=${value}\n`)
		.join("");
}

const contextLines = 3;
/** More changed lines than this are not compared line by line: that time grows with their square. */
const maximumEdits = 3000;

/** The hunks of a unified diff, without the two lines that name files. */
function diffOf(before: string, after: string): { diff?: string } {
	if (before === after) return {};
	const options = { context: contextLines, maxEditLength: maximumEdits };
	const patch = structuredPatch("", "", before, after, "", "", options);
	const hunks = patch?.hunks ?? [
		...structuredPatch("", "", before, "").hunks,
		...structuredPatch("", "", "", after).hunks,
	];
	const lines = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: changed }) => [
		`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`,
		...changed,
	]);
	return { diff: `${lines.join("\n")}\n` };
}

/** As diff(1) writes it: an empty range names the line before it. */
function range(start: number, count: number): string {
	if (count === 1) return String(start);
	return `${count === 0 ? start - 1 : start},${count}`;
}
