import type { KubeletArgument } from "../config/join-values.ts";
import {
	argumentsOf,
	isMapping,
	labelsIn,
	type Mapping,
	mappingAt,
	textAt,
	valueAt,
} from "./configuration-object.ts";
import { inFormOf, type JoinParts, joinConfiguration, kubeletArguments } from "./join-configuration.ts";
import type { KubeadmApi } from "./kubeadm-api.ts";
import type { NodeRegistration } from "./node-registration.ts";
import { isEmpty } from "./own-configuration.ts";

/**
 * An operator's JoinConfiguration with what lts.conf says where the file says nothing: field by field, kubelet arguments by
 * name, labels by key. Lists, taints among them, are taken whole. What nobody says of the discovery gets our time limit.
 */
export function extendConfiguration(
	own: Mapping,
	api: KubeadmApi,
	parts: JoinParts,
	node: NodeRegistration,
): Mapping {
	const ours = joinConfiguration(api, parts, node) as Mapping;
	const merged = fillIn(own, { ...ours, discovery: discoveryFor(own, ours) }) as Mapping;
	const args = mergeArguments(
		argumentsOf(valueAt(own, "nodeRegistration.kubeletExtraArgs"), api) ?? [],
		node,
	);
	if (args.length === 0) return merged;
	return {
		...merged,
		nodeRegistration: { ...mappingAt(merged, "nodeRegistration"), kubeletExtraArgs: inFormOf(api, args) },
	};
}

/** With a kubeconfig there is no token for the discovery; with verification turned off no pin. */
function discoveryFor(own: Mapping, ours: Mapping): Mapping {
	const { bootstrapToken, ...others } = mappingAt(ours, "discovery") ?? {};
	if (mappingAt(own, "discovery.file") !== undefined) {
		const token = valueAt(bootstrapToken, "token");
		return isEmpty(token) ? others : { ...others, tlsBootstrapToken: token };
	}
	const { caCertHashes, ...withoutPins } = isMapping(bootstrapToken) ? bootstrapToken : {};
	const isUnsafe = valueAt(own, "discovery.bootstrapToken.unsafeSkipCAVerification") === true;
	return { ...others, bootstrapToken: isUnsafe ? withoutPins : { ...withoutPins, caCertHashes } };
}

function fillIn(own: unknown, ours: unknown): unknown {
	if (isEmpty(own)) return ours;
	if (!isMapping(own) || !isMapping(ours)) return own;
	const names = new Set([...Object.keys(own), ...Object.keys(ours)]);
	return Object.fromEntries([...names].map((name) => [name, fillIn(own[name], ours[name])]));
}

function mergeArguments(own: readonly KubeletArgument[], node: NodeRegistration): readonly KubeletArgument[] {
	const labels = own.find(({ name }) => name === "node-labels")?.value;
	const known = new Set(labelsIn(labels ?? "").map(keyOf));
	const added = node.labels.filter(({ key }) => !known.has(key)).map(({ key, value }) => `${key}=${value}`);
	const merged = own.map((argument) =>
		argument.name === "node-labels"
			? { name: argument.name, value: [...labelsIn(argument.value), ...added].join(",") }
			: argument,
	);
	const ours = kubeletArguments(node).filter(({ name }) => !own.some((argument) => argument.name === name));
	return [...merged, ...ours];
}

/** What the Node object is to have, read from the finished configuration. */
export function labelsOf(content: Mapping, api: KubeadmApi): Readonly<Record<string, string>> {
	const args = argumentsOf(valueAt(content, "nodeRegistration.kubeletExtraArgs"), api) ?? [];
	const labels = labelsIn(args.find(({ name }) => name === "node-labels")?.value ?? "");
	return Object.fromEntries(labels.map((text) => [keyOf(text), text.slice(keyOf(text).length + 1)]));
}

/** Fields without which kubeadm does not begin, each with the key of lts.conf that stands for it. */
export function missingFields(content: Mapping): readonly string[] {
	if (mappingAt(content, "discovery.file") !== undefined) return [];
	const place = "discovery.bootstrapToken";
	const hashes = valueAt(content, `${place}.caCertHashes`);
	const isPinned = Array.isArray(hashes) && hashes.length > 0;
	return [
		...(textAt(content, `${place}.apiServerEndpoint`) === undefined
			? [`${place}.apiServerEndpoint (KUBEADM_JOIN_ENDPOINT)`]
			: []),
		...(textAt(content, `${place}.token`) === undefined ? [`${place}.token (KUBEADM_JOIN_TOKEN)`] : []),
		...(isPinned || valueAt(content, `${place}.unsafeSkipCAVerification`) === true
			? []
			: [`${place}.caCertHashes (KUBEADM_JOIN_CA_CERT_HASH)`]),
	];
}

function keyOf(label: string): string {
	return label.split("=")[0] ?? "";
}
