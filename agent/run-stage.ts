import type { Facts } from "./facts/facts.ts";
import type { Gathered } from "./facts/gather.ts";
import type { Host } from "./host/host.ts";
import { openStageRecord } from "./host/stage-record.ts";
import { type Log, logWitness } from "./log.ts";
import { stageFolder } from "./paths.ts";
import { checkPlan } from "./plan/check.ts";
import { type Inputs, inputsOf } from "./plan/inputs.ts";
import { planStage, type StagePlan } from "./plan/plan.ts";
import type { Stage } from "./plan/step.ts";
import { runPlan } from "./run-plan.ts";

/** Plans a stage from its facts alone. The same on a node and on a workstation. */
export function planFromFacts<StageFacts extends Facts>(
	stage: Stage<Inputs<StageFacts>>,
	facts: StageFacts,
): StagePlan {
	const plan = planStage(stage, inputsOf(facts));
	checkPlan(plan);
	return plan;
}

/** One stage on a node: facts are kept, then planned, then the plan is kept, then run with a journal. */
export async function runStage<StageFacts extends Facts>(
	stage: Stage<Inputs<StageFacts>>,
	{ facts }: Gathered<StageFacts>,
	host: Host,
	log: Log,
): Promise<void> {
	const record = openStageRecord(stageFolder(stage.name));
	record.writeFacts(facts);
	const plan = planFromFacts(stage, facts);
	record.writePlan(plan);
	await runPlan(plan, host, [record.witness, logWitness(log)]);
}
