import type { JoinFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { joinKey } from "./join-keys.ts";
import { joinPlan } from "./join-plan.ts";

export const writeJoinConfiguration: Step<Inputs<JoinFacts>> = {
	name: "10-join-configuration",
	summary: "writes kubeadm's JoinConfiguration for each endpoint, readable by root alone",
	keys: [
		"KUBEADM_JOIN_ENDPOINT",
		"KUBEADM_JOIN_TOKEN",
		"KUBEADM_JOIN_TOKEN_FILE",
		"KUBEADM_JOIN_CA_CERT_HASH",
		"KUBEADM_JOIN_CONFIG",
		"KUBEADM_PATCHES",
		"NODE_NAME",
		"NODE_IP",
		"KUBERNETES_CRI_SOCKET",
		"KUBERNETES_LABEL_*",
		"KUBERNETES_TAINT_*",
		"KUBELET_EXTRA_ARG_*",
	],
	plan: (inputs) => {
		const key = joinKey(inputs.configuration);
		return (joinPlan(inputs)?.files ?? []).map(({ path, content }) => ({
			kind: "writeFile",
			path,
			mode: "0600",
			content: `${JSON.stringify(content, null, 2)}\n`,
			because: `${key} (${inputs.configuration.whence(key ?? "")})`,
		}));
	},
};
