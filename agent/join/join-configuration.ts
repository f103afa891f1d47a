import { NetherdError } from "../errors.ts";
import type { JoinFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";

/** kubeadm's API versions, newest first, each with the first kubeadm that reads it. */
const apiVersions = [
	{ apiVersion: "kubeadm.k8s.io/v1beta4", sinceMinor: 31 },
	{ apiVersion: "kubeadm.k8s.io/v1beta3", sinceMinor: 22 },
	{ apiVersion: "kubeadm.k8s.io/v1beta2", sinceMinor: 15 },
] as const;

/**
 * The JoinConfiguration of this node for the kubeadm that it has
 * (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its predecessors).
 *
 * @throws {NetherdError} `join.no-kubeadm`, `join.kubeadm-too-old`, `join.incomplete`, `join.bad-taint`, `join.bad-label`.
 */
export function joinConfiguration(inputs: Inputs<JoinFacts>): object {
	const { configuration, facts } = inputs;
	const apiVersion = apiVersionFor(facts.kubeadmVersion);
	const kubeletArguments = kubeletExtraArguments(inputs);
	const taints = configuration
		.family("KUBERNETES_TAINT_")
		.map(({ key, value, whence }) => parseTaint(value, `${key} (${whence})`));
	return {
		apiVersion,
		kind: "JoinConfiguration",
		discovery: {
			bootstrapToken: {
				apiServerEndpoint: required(inputs, "KUBEADM_JOIN_ENDPOINT"),
				token: required(inputs, "KUBEADM_JOIN_TOKEN"),
				caCertHashes: required(inputs, "KUBEADM_JOIN_CA_CERT_HASH").split(/[\s,]+/),
			},
		},
		nodeRegistration: {
			name: facts.hostname,
			...(taints.length > 0 ? { taints } : {}),
			...(kubeletArguments.length === 0
				? {}
				: {
						// A list since v1beta4, a map before.
						kubeletExtraArgs:
							apiVersion === "kubeadm.k8s.io/v1beta4"
								? kubeletArguments.map(([name, value]) => ({ name, value }))
								: Object.fromEntries(kubeletArguments),
					}),
		},
	};
}

function apiVersionFor(kubeadmVersion: string | undefined): string {
	if (kubeadmVersion === undefined) {
		throw new NetherdError("join.no-kubeadm", "KUBEADM_JOIN_ENDPOINT is set, but this image has no kubeadm", {
			hint: "install kubeadm in the image and build it again",
		});
	}
	const minor = Number(/^v1\.(\d+)\./.exec(kubeadmVersion)?.[1] ?? Number.NaN);
	const version = apiVersions.find(({ sinceMinor }) => minor >= sinceMinor);
	if (version === undefined) {
		throw new NetherdError(
			"join.kubeadm-too-old",
			`kubeadm says that it is version ${JSON.stringify(kubeadmVersion)}`,
			{
				hint: "netherd writes JoinConfigurations for kubeadm 1.15 and later: install one of these in the image",
			},
		);
	}
	return version.apiVersion;
}

function required({ configuration }: Inputs<JoinFacts>, key: string): string {
	const value = configuration.text(key);
	if (value !== undefined && value !== "") return value;
	throw new NetherdError(
		"join.incomplete",
		`KUBEADM_JOIN_ENDPOINT is set (${configuration.whence("KUBEADM_JOIN_ENDPOINT")}), but ${key} is not`,
		{
			hint: `add ${key} to lts.conf; kubeadm token create --print-join-command on the control plane prints all three`,
		},
	);
}

function kubeletExtraArguments({ configuration }: Inputs<JoinFacts>): [string, string][] {
	const labels = configuration.family("KUBERNETES_LABEL_").map(({ key, value, whence }) => {
		if (!/^[^=\s,]+=[^=\s,]*$/.test(value)) {
			throw new NetherdError(
				"join.bad-label",
				`${key} (${whence}): ${JSON.stringify(value)} is not KEY=VALUE`,
				{
					hint: "write one label, such as example.com/rack=r12",
				},
			);
		}
		return value;
	});
	const given = configuration.family("KUBELET_EXTRA_ARG_").map(({ key, value, whence }): [string, string] => {
		const [name, ...rest] = value.replace(/^--/, "").split("=");
		if (name === undefined || name === "" || rest.length === 0) {
			throw new NetherdError(
				"join.bad-argument",
				`${key} (${whence}): ${JSON.stringify(value)} is not NAME=VALUE`,
				{
					hint: "write one kubelet option, such as max-pods=200",
				},
			);
		}
		return [name, rest.join("=")];
	});
	return labels.length === 0 ? given : [["node-labels", labels.join(",")], ...given];
}

function parseTaint(value: string, whence: string): object {
	const match = /^([^=:\s]+)(?:=([^=:\s]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(value);
	if (match === null) {
		throw new NetherdError("join.bad-taint", `${whence}: ${JSON.stringify(value)} is not KEY=VALUE:EFFECT`, {
			hint: "write one taint, such as dedicated=storage:NoSchedule; effects are NoSchedule, PreferNoSchedule, NoExecute",
		});
	}
	const [, key, taintValue, effect] = match;
	return { key, ...(taintValue === undefined ? {} : { value: taintValue }), effect };
}
