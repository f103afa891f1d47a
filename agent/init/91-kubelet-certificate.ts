import type { InitFacts } from "../facts/facts.ts";
import { joinKey } from "../join/join-keys.ts";
import { kubeletClientCertificate, kubeletUnit, nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { localUnits } from "./units.ts";

/**
 * A kubelet that joins begins as nobody, looks every ten seconds whether it has a certificate by now, and spaces its
 * attempts to register up to seven seconds apart meanwhile; one that starts with a certificate registers at once. It has no
 * pods yet, and a restart is nothing to those that it may have of its own. Not on a node that has joined before.
 */
export const kubeletCertificate: Step<Inputs<InitFacts>> = {
	name: "91-kubelet-certificate",
	summary: "has systemd start the kubelet anew, once, as soon as the cluster has given it a certificate",
	keys: ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG"],
	plan: ({ configuration }) => {
		const key = joinKey(configuration);
		if (key === undefined) return [];
		const reason = because(configuration, key);
		return [
			{
				kind: "installUnit",
				name: "netherd-kubelet-certificate.path",
				content: watch,
				wantedBy: "multi-user.target",
				because: reason,
			},
			{
				kind: "writeFile",
				path: `${localUnits}/netherd-kubelet-certificate.service`,
				content: restart,
				because: reason,
			},
		];
	},
};

const watch = `[Unit]
Description=Wait for the kubelet's first certificate
ConditionPathExists=!${kubeletClientCertificate}

[Path]
PathExists=${kubeletClientCertificate}

[Install]
WantedBy=multi-user.target
`;

/** It stays active, so that a certificate that is renewed changes nothing. */
const restart = `[Unit]
Description=Start the kubelet with its first certificate

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-${nodePrograms.systemctlInUnits} --no-block try-restart ${kubeletUnit}
`;
