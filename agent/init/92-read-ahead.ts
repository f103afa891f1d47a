import type { InitFacts } from "../facts/facts.ts";
import { joinKey } from "../join/join-keys.ts";
import { nodePrograms, rootInInitramfs } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";

/** In the order in which a node that joins starts them; what the image lacks is passed over. */
const programs = ["containerd", "crio", "kubeadm", "kubelet"];
const timeoutMs = 10_000;
/** They stay in memory as long as nothing else needs it. */
const neededBytes = 1024 ** 3;

export const readAhead: Step<Inputs<InitFacts>> = {
	name: "92-read-ahead",
	summary: "has what a join starts read out of the compressed image while systemd starts",
	keys: ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG", "LTSP_NBD_TO_RAM"],
	plan: (inputs) => {
		const key = joinKey(inputs.configuration);
		if (key === undefined || !isWorthIt(inputs)) return [];
		return [
			{
				kind: "spawn",
				argv: ["setsid", "--fork", "nice", "-n", "19", nodePrograms.sh, "-c", script, "sh", ...programs],
				timeoutMs,
				because: because(inputs.configuration, key),
			},
		];
	},
};

/** A root of its own in memory is not compressed; one on a server is read by many nodes at once. */
function isWorthIt({ facts: { root, memory }, commandLine, configuration }: Inputs<InitFacts>): boolean {
	if (root.mountedAt === "/" || commandLine.root === rootInInitramfs) return false;
	if (!configuration.boolean("LTSP_NBD_TO_RAM")) return false;
	return memory !== undefined && memory.availableBytes >= neededBytes;
}

/**
 * Outlives this stage by some seconds: systemd's first ones keep one processor busy, and the others have nothing to do.
 * Nothing of the new root's /dev may stay open, which 99-hand-over unmounts: so there is no /dev/null in it.
 */
const script = 'exec >&0 2>&0; for program; do cat "$(command -v "$program")"; done | wc -c';
