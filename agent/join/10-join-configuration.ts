import type { JoinFacts } from "../facts/facts.ts";
import { joinConfigurationFile } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { joinConfiguration, wantsToJoin } from "./join-configuration.ts";

export const writeJoinConfiguration: Step<Inputs<JoinFacts>> = {
	name: "10-join-configuration",
	summary: "writes kubeadm's JoinConfiguration, readable by root alone",
	keys: [
		"KUBEADM_JOIN_ENDPOINT",
		"KUBEADM_JOIN_TOKEN",
		"KUBEADM_JOIN_CA_CERT_HASH",
		"KUBERNETES_LABEL_*",
		"KUBERNETES_TAINT_*",
		"KUBELET_EXTRA_ARG_*",
	],
	plan: (inputs) =>
		inputs.facts.joined || !wantsToJoin(inputs.configuration)
			? []
			: [
					{
						kind: "writeFile",
						path: joinConfigurationFile,
						mode: "0600",
						content: `${JSON.stringify(joinConfiguration(inputs), null, 2)}\n`,
						because: `KUBEADM_JOIN_ENDPOINT (${inputs.configuration.whence("KUBEADM_JOIN_ENDPOINT")})`,
					},
				],
};
