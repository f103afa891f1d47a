import { holdsSecret } from "../config/secret-marker.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { because, becauseOf } from "./because.ts";
import { fstabEntries } from "./fstab-entries.ts";
import { storageEntries } from "./kubernetes-storage.ts";

/** As in LTSP 5; systemd has mounted it by itself long before. */
const procLine = "proc /proc proc defaults 0 0";

export const fstab: Step<Inputs<InitFacts>> = {
	name: "45-fstab",
	summary: "writes /etc/fstab and makes the mount points",
	keys: ["CONFIGURE_FSTAB", "FSTAB_*", "KUBERNETES_STORAGE", "KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG"],
	plan: (inputs) => {
		const { configuration } = inputs;
		if (!configuration.boolean("CONFIGURE_FSTAB")) return [];
		const entries = fstabEntries(configuration);
		const storage = storageEntries(inputs);
		const lines = [procLine, ...[...entries, ...storage].map(({ line }) => line)];
		return [
			{
				kind: "writeFile",
				path: "/etc/fstab",
				mode: lines.some(holdsSecret) ? "0600" : "0644",
				content: lines.map((line) => `${line}\n`).join(""),
				because:
					entries.length === 0
						? because(configuration, "CONFIGURE_FSTAB")
						: becauseOf(...entries.map(({ setting }) => setting)),
			},
			...entries.flatMap(({ mountPoint, setting }): readonly Operation[] =>
				mountPoint === undefined || mountPoint === "/"
					? []
					: [{ kind: "makeDirectory", path: mountPoint, because: becauseOf(setting) }],
			),
			...storage.map(
				({ mountPoint, because }): Operation => ({ kind: "makeDirectory", path: mountPoint, because }),
			),
		];
	},
};
