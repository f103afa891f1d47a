import type { InitFacts } from "../facts/facts.ts";
import { nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { fstabEntries } from "./fstab-entries.ts";
import { localUnits } from "./units.ts";

export const swap: Step<Inputs<InitFacts>> = {
	name: "75-swap",
	summary: "leaves swap of local disks alone unless lts.conf asks for it",
	keys: ["USE_LOCAL_SWAP", "CONFIGURE_FSTAB", "FSTAB_*"],
	plan: ({ configuration }) => {
		const reason = because(configuration, "USE_LOCAL_SWAP");
		if (configuration.boolean("USE_LOCAL_SWAP")) {
			return [
				{
					kind: "writeFile",
					path: "/etc/udev/rules.d/90-netherd-swap.rules",
					content: rule,
					because: reason,
				},
				{
					kind: "writeFile",
					path: `${localUnits}/netherd-swap@.service`,
					content: unit,
					because: reason,
				},
			];
		}
		// A swap line in FSTAB_* asks for swap as clearly as the key.
		if (fstabEntries(configuration).some(({ type }) => type === "swap")) return [];
		return [{ kind: "maskUnit", name: "swap.target", because: reason }];
	},
};

/** Disks may show up late, so it is udev that starts swap on them, one by one (systemd.device(5), SYSTEMD_WANTS). */
const rule = `SUBSYSTEM=="block", ENV{ID_FS_TYPE}=="swap", TAG+="systemd", ENV{SYSTEMD_WANTS}+="netherd-swap@$name.service"
`;

const unit = `[Unit]
Description=Swap on /dev/%i (USE_LOCAL_SWAP of lts.conf)
DefaultDependencies=no
Conflicts=umount.target
Before=umount.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${nodePrograms.swapon} /dev/%i
`;
