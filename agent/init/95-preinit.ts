import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";
import { shellEnvironment, shellTimeoutMs } from "./shell-environment.ts";

export const preinit: Step<Inputs<InitFacts>> = {
	name: "95-preinit",
	summary: "runs the PREINIT lines of lts.conf in one shell: the last word before systemd",
	keys: ["PREINIT_*"],
	plan: (inputs) => {
		const settings = inputs.configuration.family("PREINIT_");
		if (settings.length === 0) return [];
		return [
			{
				kind: "runShell",
				name: "preinit",
				// Without -e, as in LTSP 5: a line that fails does not stop the lines after it.
				script: settings.map(({ value }) => value).join("\n"),
				environment: shellEnvironment(inputs),
				timeoutMs: shellTimeoutMs,
				because: becauseOf(...settings),
			},
		];
	},
};
