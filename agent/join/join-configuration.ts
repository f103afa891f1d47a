import type { Configuration } from "../config/resolve.ts";
import { NetherdError } from "../errors.ts";
import type { JoinFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";

/** kubeadm's API versions, newest first, each with the first kubeadm that reads it. */
const apiVersions = [
	{ apiVersion: "kubeadm.k8s.io/v1beta4", sinceMinor: 31 },
	{ apiVersion: "kubeadm.k8s.io/v1beta3", sinceMinor: 22 },
	{ apiVersion: "kubeadm.k8s.io/v1beta2", sinceMinor: 15 },
] as const;

/** Without all of these there is no join. */
export const joinKeys = ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_TOKEN", "KUBEADM_JOIN_CA_CERT_HASH"] as const;

/** Whether lts.conf asks this node to join. */
export function wantsToJoin(configuration: Configuration): boolean {
	return configuration.text("KUBEADM_JOIN_ENDPOINT") !== undefined;
}

/**
 * The JoinConfiguration of this node for the kubeadm that it has
 * (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its predecessors).
 *
 * @throws {NetherdError} `join.no-kubeadm`, `join.kubeadm-unsupported`, `join.incomplete`.
 */
export function joinConfiguration({ configuration, facts }: Inputs<JoinFacts>): object {
	const apiVersion = apiVersionFor(facts.kubeadmVersion);
	const kubeletArguments = kubeletExtraArguments(configuration);
	const taints = configuration.family("KUBERNETES_TAINT_").map(({ value }) => parseTaint(value));
	return {
		apiVersion,
		kind: "JoinConfiguration",
		discovery: {
			bootstrapToken: {
				apiServerEndpoint: required(configuration, "KUBEADM_JOIN_ENDPOINT"),
				token: required(configuration, "KUBEADM_JOIN_TOKEN"),
				caCertHashes: required(configuration, "KUBEADM_JOIN_CA_CERT_HASH").split(/[\s,]+/),
			},
		},
		nodeRegistration: {
			name: facts.hostname,
			...(taints.length > 0 ? { taints } : {}),
			...(kubeletArguments.length > 0
				? { kubeletExtraArgs: extraArguments(apiVersion, kubeletArguments) }
				: {}),
		},
	};
}

/**
 * The value of a key without which there is no join.
 *
 * @throws {NetherdError} `join.incomplete`.
 */
export function required(configuration: Configuration, key: string): string {
	const value = configuration.text(key);
	if (value !== undefined) return value;
	throw new NetherdError(
		"join.incomplete",
		`KUBEADM_JOIN_ENDPOINT is set (${configuration.whence("KUBEADM_JOIN_ENDPOINT")}), but ${key} is not`,
		{
			hint: `add ${key} to lts.conf; kubeadm token create --print-join-command on the control plane prints what it needs`,
		},
	);
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
			"join.kubeadm-unsupported",
			`kubeadm says that it is version ${JSON.stringify(kubeadmVersion)}`,
			{
				hint: "netherd writes JoinConfigurations for kubeadm 1.15 and later: install one of these in the image",
			},
		);
	}
	return version.apiVersion;
}

type Argument = readonly [name: string, value: string];

function kubeletExtraArguments(configuration: Configuration): Argument[] {
	const labels = configuration.family("KUBERNETES_LABEL_").map(({ value }) => value);
	const given = configuration.family("KUBELET_EXTRA_ARG_").map(({ value }): Argument => {
		const [name = "", ...rest] = value.replace(/^--/, "").split("=");
		return [name, rest.join("=")];
	});
	return labels.length === 0 ? given : [["node-labels", labels.join(",")], ...given];
}

/** A list since v1beta4, a map before. */
function extraArguments(apiVersion: string, list: readonly Argument[]): object {
	return apiVersion === "kubeadm.k8s.io/v1beta4"
		? list.map(([name, value]) => ({ name, value }))
		: Object.fromEntries(list);
}

/** `key=value:Effect` or `key:Effect`; the key table has checked the form. */
function parseTaint(text: string): object {
	const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(text) ?? [];
	return { key, ...(value === undefined ? {} : { value }), effect };
}
