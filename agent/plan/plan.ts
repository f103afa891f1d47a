import type { Action } from "./action.ts";
import { lower } from "./operation.ts";
import type { FailurePolicy, Stage } from "./step.ts";

/** What one stage will do, as data: the content of plan.json and of `--dry-run --format json`. */
export interface StagePlan {
	readonly name: string;
	readonly steps: readonly PlannedStep[];
}

export interface PlannedStep {
	readonly name: string;
	readonly onFailure: FailurePolicy;
	readonly actions: readonly Action[];
}

/** Plans a stage; steps that have nothing to do stay in the plan with no actions, so that the order can be read off. */
export function planStage<Inputs>(stage: Stage<Inputs>, inputs: Inputs): StagePlan {
	return {
		name: stage.name,
		steps: stage.steps.map(({ step, onFailure }) => ({
			name: step.name,
			onFailure,
			actions: step.plan(inputs).flatMap(lower),
		})),
	};
}

/** The one text form of plans: `{"stages": [...]}`, indented by one space, with a final line end. */
export function serializePlans(stages: readonly StagePlan[]): string {
	return `${JSON.stringify({ stages }, null, 1)}\n`;
}

/**
 * Reads what {@link serializePlans} wrote. The executor runs only what has been through this pair, so nothing but data
 * can be in a plan.
 */
export function parsePlans(text: string): readonly StagePlan[] {
	return (JSON.parse(text) as { stages: StagePlan[] }).stages;
}
