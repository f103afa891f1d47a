import type { InitFacts } from "../facts/facts.ts";
import { joinKeys, required, wantsToJoin } from "../join/join-configuration.ts";
import { agentProgram } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { rcLocalUnit } from "./60-rc-local.ts";
import { because } from "./because.ts";

export const joinUnit: Step<Inputs<InitFacts>> = {
	name: "90-join-unit",
	summary: "installs the unit that joins the cluster after the boot",
	keys: ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_TOKEN", "KUBEADM_JOIN_CA_CERT_HASH"],
	plan: ({ configuration }) => {
		if (!wantsToJoin(configuration)) return [];
		// Said now, on the console of a booting node, and not later in the journal of one that looks healthy.
		for (const key of joinKeys) required(configuration, key);
		return [
			{
				kind: "installUnit",
				name: "netherd-join.service",
				content: unit,
				wantedBy: "multi-user.target",
				because: because(configuration, "KUBEADM_JOIN_ENDPOINT"),
			},
		];
	},
};

/** After rc.local: its lines may load modules and set sysctls that kubeadm asks for. The agent has its own time limits. */
const unit = `[Unit]
Description=Join the Kubernetes cluster
Wants=network-online.target
After=network-online.target containerd.service crio.service docker.service cri-docker.service
After=time-sync.target ${rcLocalUnit}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${agentProgram} join
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
`;
