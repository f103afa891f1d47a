import { type KubeletArgument, readCriSocket, readKubeletArgument } from "../config/join-values.ts";
import { isDnsSubdomain, type Label, readLabel, readTaint } from "../config/kubernetes-labels.ts";
import type { Configuration } from "../config/resolve.ts";
import type { Reading } from "../config/values.ts";
import { NetherdError } from "../errors.ts";
import type { Taint } from "../plan/action.ts";
import { joinKey } from "./join-keys.ts";

/** How a node presents itself to the cluster, as lts.conf says. */
export interface NodeRegistration {
	readonly name: string;
	readonly labels: readonly Label[];
	readonly taints: readonly Taint[];
	/** Beyond those that follow from labels and taints. */
	readonly kubeletArguments: readonly KubeletArgument[];
	/** Absolute path; absent: kubeadm looks for it. */
	readonly criSocket?: string;
}

/**
 * The keys have been checked with lts.conf; a value that is put together on the node is refused here.
 *
 * @param hostname The kernel's.
 * @throws {NetherdError} `join.bad-node-name`.
 */
export function nodeRegistration(configuration: Configuration, hostname: string): NodeRegistration {
	const addresses = configuration.list("NODE_IP");
	const socket = configuration.text("KUBERNETES_CRI_SOCKET");
	const criSocket = socket === undefined ? undefined : valid(readCriSocket(socket.trim()));
	return {
		name: nodeObjectName(configuration, hostname),
		labels: readAll(configuration, "KUBERNETES_LABEL_", readLabel),
		taints: readAll(configuration, "KUBERNETES_TAINT_", readTaint),
		kubeletArguments: [
			...(addresses.length === 0 ? [] : [{ name: "node-ip", value: addresses.join(",") }]),
			...readAll(configuration, "KUBELET_EXTRA_ARG_", readKubeletArgument),
		],
		...(criSocket === undefined ? {} : { criSocket }),
	};
}

/**
 * NODE_NAME, else the host name in lower case, as kubeadm does it.
 *
 * @throws {NetherdError} `join.bad-node-name` when the host name can't be the name of a Node.
 */
export function nodeObjectName(configuration: Configuration, hostname: string): string {
	const given = configuration.text("NODE_NAME")?.trim();
	const name = given ?? hostname.toLowerCase();
	if (isDnsSubdomain(name)) return name;
	const key = joinKey(configuration) ?? "NODE_NAME";
	throw new NetherdError(
		"join.bad-node-name",
		`${key} (${configuration.whence(key)}) would join this machine as ${JSON.stringify(name)}, and the name of a Node has only lower case letters, digits, - and . (RFC 1123)`,
		{
			hint:
				given === undefined
					? "give the machine another host name with HOSTNAME, or only its Node with NODE_NAME"
					: `correct NODE_NAME (${configuration.whence("NODE_NAME")})`,
		},
	);
}

function readAll<Value>(
	configuration: Configuration,
	prefix: string,
	read: (text: string) => Reading<Value>,
): readonly Value[] {
	return configuration.family(prefix).flatMap(({ value }) => valid(read(value.trim())) ?? []);
}

/** What the check of lts.conf has refused does not get here. */
function valid<Value>(reading: Reading<Value>): Value | undefined {
	return "value" in reading ? reading.value : undefined;
}
