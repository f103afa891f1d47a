import { describeError, NetherdError } from "./errors.ts";
import { type Host, perform } from "./host/host.ts";
import type { Action } from "./plan/action.ts";
import { parsePlans, type StagePlan, serializePlans } from "./plan/plan.ts";

/** Where an action stands in its stage. */
export interface ActionPlace {
	readonly stage: string;
	readonly step: string;
	/** From 1. */
	readonly index: number;
	/** How many actions the stage has. */
	readonly total: number;
}

/** Someone who is told what happens, as it happens. */
export interface StageWitness {
	stageStarted?(plan: StagePlan): void;
	stepStarted?(stage: string, step: string, actions: number): void;
	actionStarted?(place: ActionPlace, action: Action): void;
	/** `error` is set when the action failed, whatever the step's policy says about that. */
	actionEnded?(place: ActionPlace, action: Action, durationMs: number, error?: Error): void;
	stageEnded?(plan: StagePlan, durationMs: number): void;
}

/** An action failed in a step that the boot can't do without. Code and hint are those of the failure. */
export class StepFailure extends NetherdError {
	readonly place: ActionPlace;

	constructor(place: ActionPlace, error: Error) {
		super(
			error instanceof NetherdError ? error.code : "boot.action-failed",
			`${place.stage}/${place.step}, action ${place.index} of ${place.total}: ${error.message}`,
			{
				hint:
					error instanceof NetherdError
						? error.hint
						: "this is not expected; please report it with agent.log",
				cause: error.cause,
			},
		);
		this.place = place;
	}
}

/**
 * Runs a stage's plan on a host, action by action, in order.
 *
 * @throws {StepFailure} at the first failed action of a step whose policy is `abort`.
 */
export async function runPlan(
	plan: StagePlan,
	host: Host,
	witnesses: readonly StageWitness[],
): Promise<void> {
	// Through text and back, so that nothing but data can be in it.
	const [data] = parsePlans(serializePlans([plan]));
	if (data === undefined) return;

	const total = data.steps.reduce((sum, { actions }) => sum + actions.length, 0);
	const startedMs = performance.now();
	let index = 0;
	for (const witness of witnesses) witness.stageStarted?.(data);
	for (const step of data.steps) {
		for (const witness of witnesses) witness.stepStarted?.(data.name, step.name, step.actions.length);
		for (const action of step.actions) {
			const place = { stage: data.name, step: step.name, index: ++index, total };
			const error = await runAction(place, action, host, witnesses);
			if (error !== undefined && step.onFailure === "abort") throw new StepFailure(place, error);
		}
	}
	for (const witness of witnesses) witness.stageEnded?.(data, performance.now() - startedMs);
}

async function runAction(
	place: ActionPlace,
	action: Action,
	host: Host,
	witnesses: readonly StageWitness[],
): Promise<Error | undefined> {
	for (const witness of witnesses) witness.actionStarted?.(place, action);
	const startedMs = performance.now();
	let failure: Error | undefined;
	try {
		await perform(host, action);
	} catch (error) {
		failure = error instanceof Error ? error : new Error(describeError(error));
	}
	for (const witness of witnesses) {
		witness.actionEnded?.(place, action, performance.now() - startedMs, failure);
	}
	return failure;
}
