import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Facts } from "../facts/facts.ts";
import type { Action } from "../plan/action.ts";
import { type StagePlan, serializePlans } from "../plan/plan.ts";
import type { StageWitness } from "../run-plan.ts";

/** One line of journal.jsonl: an action and how it ended. */
export interface JournalEntry {
	/** Position in the stage's plan, from 1. */
	readonly index: number;
	readonly step: string;
	readonly outcome: "done" | "failed";
	readonly durationMs: number;
	/** Code and message, when it failed. */
	readonly error?: string;
	readonly action: Action;
}

/** What a stage leaves behind for people and for replay: facts.json, plan.json, journal.jsonl in a folder of its own. */
export function openStageRecord(folder: string): StageRecord {
	mkdirSync(folder, { recursive: true, mode: 0o755 });
	const journal = join(folder, "journal.jsonl");
	writeFileSync(journal, "", { mode: 0o600 });

	return {
		writeFacts: (facts) => write(join(folder, "facts.json"), serializeFacts(facts)),
		writePlan: (plan) => write(join(folder, "plan.json"), serializePlans([plan])),
		witness: {
			actionEnded(place, action, durationMs, error) {
				const entry: JournalEntry = {
					index: place.index,
					step: place.step,
					outcome: error === undefined ? "done" : "failed",
					durationMs: Math.round(durationMs),
					...(error === undefined ? {} : { error: error.message }),
					action,
				};
				appendFileSync(journal, `${JSON.stringify(entry)}\n`);
			},
		},
	};
}

export interface StageRecord {
	writeFacts(facts: Facts): void;
	writePlan(plan: StagePlan): void;
	readonly witness: StageWitness;
}

/** The one text form of facts. */
export function serializeFacts(facts: Facts): string {
	return `${JSON.stringify(facts, null, 1)}\n`;
}

/** Readable by root alone: lts.conf may hold what its owner does not want every user of the node to read. */
function write(path: string, text: string): void {
	writeFileSync(path, text, { mode: 0o600 });
}
