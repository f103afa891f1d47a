import type { JoinState } from "../../cluster/join-state.ts";
import type { StageName } from "../../facts/facts.ts";
import type { JournalEntry } from "../../host/stage-record.ts";
import type { StagePlan } from "../../plan/plan.ts";

/** What a node left of one stage, read from its folder. */
export interface StageFiles {
	readonly name: StageName;
	/** Absent: the stage did not get so far. */
	readonly plan?: StagePlan | undefined;
	readonly journal: readonly JournalEntry[];
}

export interface StatusInputs {
	readonly stages: readonly StageFiles[];
	readonly join?: JoinState | undefined;
	/** Whether netherd-join.service is installed. */
	readonly isJoinWanted: boolean;
	/** `ActiveState` of netherd-join.service; absent where no systemd says so. */
	readonly unitState?: string | undefined;
	readonly hostname: string;
}

export interface NodeStatus {
	/** `ready`: all is done; `failed`: nothing more is tried; `working`: it goes on. */
	readonly state: "ready" | "failed" | "working";
	/** In one line for people. */
	readonly summary: string;
	readonly node: string;
	readonly stages: readonly StageStatus[];
	readonly join?: JoinState;
}

export interface StageStatus {
	readonly name: StageName;
	readonly state: "done" | "failed" | "working" | "not started";
	readonly durationMs: number;
	/** Actions that failed, the boot going on or not. */
	readonly failures: readonly { readonly step: string; readonly error: string }[];
}

/** How far a node is, from what it left below /run/netherd. Pure. */
export function nodeStatus(inputs: StatusInputs): NodeStatus {
	const { join, hostname } = inputs;
	const stages = inputs.stages.map((files) => stageStatus(files, inputs));
	return {
		...judge(inputs, stages),
		node: join?.nodeName || hostname,
		stages,
		...(join === undefined ? {} : { join }),
	};
}

/** 0: ready; 1: failed; 3: not yet. */
export function exitCodeOf({ state }: NodeStatus): number {
	return { ready: 0, failed: 1, working: 3 }[state];
}

function judge(
	{ join, isJoinWanted, unitState, hostname }: StatusInputs,
	stages: readonly StageStatus[],
): Pick<NodeStatus, "state" | "summary"> {
	const broken = stages.find(({ name, state }) => name !== "join" && state === "failed");
	if (broken !== undefined) return { state: "failed", summary: `${hostname} failed in stage ${broken.name}` };
	if (join === undefined) {
		if (isJoinWanted) return notStarted(hostname, unitState);
		return { state: "ready", summary: `${hostname} is up; lts.conf does not ask it to join a cluster` };
	}
	const { nodeName, state, doing } = join;
	switch (state) {
		case "ready":
			return { state: "ready", summary: `${nodeName} is Ready, since ${join.readyAt ?? join.changedAt}` };
		case "failed":
			return { state: "failed", summary: `${nodeName} has not joined, and tries no more: ${doing}` };
		case "interrupted":
			return { state: "failed", summary: `${nodeName} has not joined: netherd-join.service was stopped` };
		default:
			return isUnitGone(unitState)
				? {
						state: "failed",
						summary: `${nodeName} has not joined, and netherd-join.service does not run (${unitState})`,
					}
				: { state: "working", summary: `${nodeName} ${doing}` };
	}
}

function notStarted(hostname: string, unitState: string | undefined): Pick<NodeStatus, "state" | "summary"> {
	if (unitState === "failed") {
		return {
			state: "failed",
			summary: `${hostname} has not joined: netherd-join.service failed before it began`,
		};
	}
	return {
		state: "working",
		summary: `${hostname} has not begun to join: it waits for the network and for /etc/rc.local`,
	};
}

/** The agent was ended without a word, for instance by the kernel when memory was short. */
function isUnitGone(unitState: string | undefined): boolean {
	return unitState === "failed" || unitState === "inactive" || unitState === "active";
}

function stageStatus({ name, plan, journal }: StageFiles, { join, unitState }: StatusInputs): StageStatus {
	const planned = plan?.steps.flatMap((step) => step.actions.map(() => step)) ?? [];
	const failed = journal.filter(({ outcome }) => outcome === "failed");
	const failures = failed.map(({ step, error }) => ({ step, error: error ?? "" }));
	const durationMs = journal.reduce((sum, entry) => sum + entry.durationMs, 0);
	const stopped = failed.some(({ index }) => planned[index - 1]?.onFailure === "abort");
	const common = { name, failures };
	if (plan === undefined) return { ...common, state: "not started", durationMs };
	if (name === "join" && join !== undefined) {
		const state = joinStageState(join, unitState);
		return { ...common, state, durationMs: Math.max(durationMs, join.spentMs.total) };
	}
	if (stopped) return { ...common, state: "failed", durationMs };
	return { ...common, state: journal.length >= planned.length ? "done" : "working", durationMs };
}

function joinStageState({ state }: JoinState, unitState: string | undefined): StageStatus["state"] {
	if (state === "ready") return "done";
	return state === "failed" || state === "interrupted" || isUnitGone(unitState) ? "failed" : "working";
}
