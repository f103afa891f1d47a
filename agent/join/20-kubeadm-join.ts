import type { JoinFacts } from "../facts/facts.ts";
import { joinConfigurationFile, nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { wantsToJoin } from "./join-configuration.ts";

/** kubeadm itself waits at most 5 minutes for discovery and 5 for the kubelet. */
const timeoutMs = 12 * 60_000;

export const kubeadmJoin: Step<Inputs<JoinFacts>> = {
	name: "20-kubeadm-join",
	summary: "runs kubeadm join; the token is in the file, never in the arguments",
	keys: [],
	plan: ({ facts, configuration }) =>
		facts.joined || !wantsToJoin(configuration)
			? []
			: [
					{
						kind: "spawn",
						argv: [nodePrograms.kubeadm, "join", "--config", joinConfigurationFile],
						timeoutMs,
					},
				],
};
