import type { Setting } from "../config/configuration.ts";
import { readKernelParameters } from "../config/sysctl-line.ts";
import { NetherdError } from "../errors.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";

export const sysctl: Step<Inputs<InitFacts>> = {
	name: "30-sysctl",
	summary: "has systemd set the kernel parameters of lts.conf",
	keys: ["SYSCTL_*"],
	plan: ({ configuration }) => {
		const settings = configuration.family("SYSCTL_");
		if (settings.length === 0) return [];
		return [
			{
				kind: "writeFile",
				// 90: after the distribution's own files, as sysctl.d(5) recommends for what overrides them.
				path: "/etc/sysctl.d/90-netherd.conf",
				content: settings.flatMap(parseSysctls).join(""),
				because: becauseOf(...settings),
			},
		];
	},
};

/** Lines of sysctl.d(5): usually one, more when a value holds several pairs. */
function parseSysctls(setting: Setting): readonly string[] {
	const reading = readKernelParameters(setting.value);
	if ("value" in reading) return reading.value.map(({ name, value }) => `${name} = ${value}\n`);
	throw new NetherdError("init.bad-sysctl", `${becauseOf(setting)}: ${reading.problem}`, {
		hint: "write it as sysctl takes it, such as net.ipv4.ip_forward = 1",
	});
}
