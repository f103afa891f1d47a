import type { Setting } from "../config/configuration.ts";
import { type ModuleLine, readModuleLine } from "../config/module-line.ts";
import { NetherdError } from "../errors.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";

export const kernelModules: Step<Inputs<InitFacts>> = {
	name: "25-kernel-modules",
	summary: "has systemd load the kernel modules of lts.conf, in order, before it sets sysctls",
	keys: ["MODULE_*"],
	plan: ({ configuration }) => {
		const settings = configuration.family("MODULE_");
		if (settings.length === 0) return [];
		const modules = settings.map(parseModule);
		const withArguments = modules.filter((module) => module.arguments !== "");
		return [
			...withArguments.slice(0, 1).map(
				(): Operation => ({
					kind: "writeFile",
					path: "/etc/modprobe.d/netherd.conf",
					content: withArguments.map((module) => `options ${module.name} ${module.arguments}\n`).join(""),
					because: becauseOf(...withArguments.map(({ setting }) => setting)),
				}),
			),
			{
				kind: "writeFile",
				path: "/etc/modules-load.d/netherd.conf",
				content: modules.map(({ name }) => `${name}\n`).join(""),
				because: becauseOf(...settings),
			},
		];
	},
};

function parseModule(setting: Setting): ModuleLine & { setting: Setting } {
	const reading = readModuleLine(setting.value);
	if ("value" in reading) return { ...reading.value, setting };
	throw new NetherdError(
		"init.bad-module",
		`${becauseOf(setting)}: ${JSON.stringify(setting.value)}: ${reading.problem}`,
		{ hint: "write it as modprobe takes it, such as bonding mode=802.3ad" },
	);
}
