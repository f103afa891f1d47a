import type { InitFacts } from "../facts/facts.ts";
import { nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { nodeName } from "./node-name.ts";

const timeoutMs = 10_000;

export const hostName: Step<Inputs<InitFacts>> = {
	name: "10-host-name",
	summary: "names the node",
	keys: ["HOSTNAME", "HOSTNAME_BASE", "HOSTNAME_EXTRA"],
	plan: (inputs) => {
		const { name, because } = nodeName(inputs);
		return [
			{ kind: "writeFile", path: "/etc/hostname", content: `${name}\n`, because },
			// systemd reads the file; INIT_COMMAND and PREINIT run before systemd, and ask the kernel.
			{
				kind: "spawn",
				argv: [nodePrograms.sh, "-c", 'printf %s "$1" >/proc/sys/kernel/hostname', "sh", name],
				timeoutMs,
				because,
			},
		];
	},
};
