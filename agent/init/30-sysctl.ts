import type { Setting } from "../config/configuration.ts";
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

/**
 * The folders of /proc/sys (Documentation/admin-guide/sysctl). Within a value only these start a further pair, so that
 * `kernel.core_pattern = |/usr/bin/keep cpu=%c` stays one.
 */
const furtherPair =
	/\s+(?=-?(?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm)[./][\w./*:@-]*\s*=)|\s*;\s*/;

/** `net/ipv4/conf/eth0.1/rp_filter` is as good as `vm.swappiness`; a leading dash: a failure does not matter (sysctl.d(5)). */
const sysctlName = /^-?\w[\w*:@-]*(?:[./][\w*:@-]+)+$/;

/** Lines of sysctl.d(5): usually one, more when a value holds several pairs. */
function parseSysctls(setting: Setting): readonly string[] {
	return setting.value
		.trim()
		.split(furtherPair)
		.map((pair) => {
			const [, name = "", value = ""] = /^([^=]*?)\s*=\s*(.*)$/s.exec(pair) ?? [];
			if (!sysctlName.test(name) || value === "" || /[\n\r]/.test(value)) {
				throw new NetherdError(
					"init.bad-sysctl",
					`${becauseOf(setting)}: ${JSON.stringify(pair)} is not a kernel parameter and its value`,
					{ hint: "write it as sysctl takes it, such as net.ipv4.ip_forward = 1" },
				);
			}
			return `${name} = ${value}\n`;
		});
}
