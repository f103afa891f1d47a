import { initramfsStage, initStage, joinStage } from "../../agent/boot.ts";
import type { Facts } from "../../agent/facts/facts.ts";
import { dryHost } from "../../agent/host/dry-host.ts";
import type { StagePlan } from "../../agent/plan/plan.ts";
import { actionDetails, actionLine } from "../../agent/plan/render.ts";
import { runPlan } from "../../agent/run-plan.ts";
import { planFromFacts } from "../../agent/run-stage.ts";

/** The checked plan of whichever stage the facts belong to. */
export function planOf(facts: Facts): StagePlan {
	switch (facts.stage) {
		case "initramfs":
			return planFromFacts(initramfsStage, facts);
		case "init":
			return planFromFacts(initStage, facts);
		case "join":
			return planFromFacts(joinStage, facts);
	}
}

/** Plans as `agent --dry-run` prints them, without what it says about assumptions. */
export async function planText(plans: readonly StagePlan[]): Promise<string> {
	const lines: string[] = [];
	const host = dryHost((action) => {
		lines.push(`    ${actionLine(action)}`, ...actionDetails(action).map((detail) => `        ${detail}`));
	});
	for (const plan of plans) {
		await runPlan(plan, host, [
			{
				stageStarted: ({ name }) => void lines.push("", `STAGE ${name}`),
				stepStarted: (_, step, actions) =>
					void lines.push("", `  ${step}${actions === 0 ? ": nothing to do" : ""}`),
			},
		]);
	}
	return `${lines.join("\n")}\n`;
}
