import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";
import { shellEnvironment, shellTimeoutMs } from "./shell-environment.ts";

export const initCommand: Step<Inputs<InitFacts>> = {
	name: "35-init-command",
	summary: "runs the INIT_COMMAND lines of lts.conf in one shell",
	keys: ["INIT_COMMAND_*"],
	plan: (inputs) => {
		const settings = inputs.configuration.family("INIT_COMMAND_");
		if (settings.length === 0) return [];
		return [
			{
				kind: "runShell",
				name: "init-command",
				script: settings.map(({ value }) => value).join("\n"),
				environment: shellEnvironment(inputs),
				timeoutMs: shellTimeoutMs,
				because: becauseOf(...settings),
			},
		];
	},
};
