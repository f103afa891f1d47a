import type { KubeletArgument } from "../config/join-values.ts";
import { NetherdError } from "../errors.ts";
import { type KubeadmApi, kubeadmApis } from "./kubeadm-api.ts";
import type { NodeRegistration } from "./node-registration.ts";

/** What goes into a JoinConfiguration beside the node itself; what is left out stands in the operator's own. */
export interface JoinParts {
	readonly endpoint?: string;
	/** Or the marker that stands for it. */
	readonly token?: string;
	readonly caCertHashes: readonly string[];
	/** Folder. */
	readonly patches?: string;
}

/** kubeadm's own limit, 5 minutes, would make an attempt at a silent API server that long. */
export const discoveryTimeout = "20s";

/**
 * A JoinConfiguration in one version of kubeadm's API ({@link kubeadmApis} names the sources). `apiServerEndpoint` is
 * HOST:PORT, IPv6 in brackets; `caCertHashes` are `sha256:` and hexadecimal digits.
 *
 * @throws {NetherdError} `join.no-patches` where kubeadm is too old for them.
 */
export function joinConfiguration(api: KubeadmApi, parts: JoinParts, node: NodeRegistration): object {
	const { endpoint, token, caCertHashes, patches } = parts;
	const extraArguments = kubeletArguments(node);
	return {
		apiVersion: api.apiVersion,
		kind: "JoinConfiguration",
		discovery: {
			bootstrapToken: {
				...(endpoint === undefined ? {} : { apiServerEndpoint: endpoint }),
				...(token === undefined ? {} : { token }),
				...(caCertHashes.length > 0 ? { caCertHashes } : {}),
			},
			...(api.discoveryTimeoutIn === "discovery" ? { timeout: discoveryTimeout } : {}),
		},
		nodeRegistration: {
			name: node.name,
			...(node.criSocket === undefined ? {} : { criSocket: `unix://${node.criSocket}` }),
			...(node.taints.length > 0 ? { taints: node.taints } : {}),
			...(extraArguments.length > 0 ? { kubeletExtraArgs: inFormOf(api, extraArguments) } : {}),
		},
		...(patches === undefined ? {} : { patches: patchesOf(api, patches) }),
		...(api.discoveryTimeoutIn === "timeouts" ? { timeouts: { discovery: discoveryTimeout } } : {}),
	};
}

/** Labels have no field of their own; the kubelet takes them as one argument. */
export function kubeletArguments({ labels, kubeletArguments: given }: NodeRegistration): KubeletArgument[] {
	const value = labels.map((label) => `${label.key}=${label.value}`).join(",");
	return labels.length === 0 ? [...given] : [{ name: "node-labels", value }, ...given];
}

export function inFormOf(api: KubeadmApi, list: readonly KubeletArgument[]): object {
	return api.hasArgumentList ? list : Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

export function patchesOf(api: KubeadmApi, directory: string): object {
	if (api.hasPatches) return { directory };
	const since = kubeadmApis.findLast(({ hasPatches }) => hasPatches)?.firstMinor;
	throw new NetherdError("join.no-patches", `KUBEADM_PATCHES is set, and this kubeadm has no patches`, {
		hint: `install kubeadm 1.${since} or later in the image, or leave KUBEADM_PATCHES out`,
	});
}
