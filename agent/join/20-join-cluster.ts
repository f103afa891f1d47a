import type { JoinFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { joinPlan } from "./join-plan.ts";

export const joinCluster: Step<Inputs<JoinFacts>> = {
	name: "20-join-cluster",
	summary: "joins the cluster, attempt by attempt; the token is in a file, never in the arguments",
	keys: [
		"KUBEADM_JOIN_TIMEOUT",
		"KUBEADM_JOIN_ENDPOINT",
		"KUBEADM_JOIN_TOKEN",
		"KUBEADM_JOIN_TOKEN_FILE",
		"KUBEADM_JOIN_CA_CERT_HASH",
		"KUBEADM_JOIN_CONFIG",
		"NODE_NAME",
		"KUBERNETES_CRI_SOCKET",
		"KUBERNETES_LABEL_*",
		"KUBERNETES_TAINT_*",
	],
	plan: (inputs) => {
		const plan = joinPlan(inputs);
		return plan === undefined ? [] : [plan.action];
	},
};
