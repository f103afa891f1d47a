import { kubeletCredentials } from "../facts/kubelet-credentials.ts";
import { bootIdentity } from "../paths.ts";
import type { JoinCluster } from "../plan/action.ts";
import { keepConnection } from "./api-request.ts";
import type { Patience } from "./backoff.ts";
import type { JoinFailure } from "./failure.ts";
import { joinError } from "./join-error.ts";
import type { Machine } from "./machine.ts";
import { type NodeAnswer, readNode, setLabels } from "./node-api.ts";
import { compareNode } from "./node-difference.ts";
import { type Looked, waitFor } from "./wait-for.ts";

type Node = Extract<NodeAnswer, { state: "there" }>;

/**
 * What follows when the machine has credentials of its own: waits until its Node is Ready, and brings labels and taints
 * to what lts.conf says, as far as a node may.
 *
 * @throws {NetherdError} `join.not-ready`, `join.credentials-refused`, `join.other-name`.
 */
export async function lookAfterNode(
	machine: Machine,
	action: JoinCluster,
	patience: Patience,
): Promise<void> {
	const startedMs = machine.nowMs();
	using connection = keepConnection();
	const bootId = machine.readFile(bootIdentity)?.trim();
	const node = await waitFor(machine, patience, "Ready", undefined, async (): Promise<Looked<Node>> => {
		const credentials = usableCredentials(machine, action.nodeName);
		const answer = await readNode(credentials, patience.probeTimeoutMs, connection);
		if (isReadyNow(answer, bootId)) return { found: answer, what: `the node ${action.nodeName} is Ready` };
		if (machine.nowMs() - startedMs >= patience.readyTimeoutMs)
			throw joinError(notReady(action, answer, patience));
		return { reason: reasonOf(answer, bootId) };
	});
	const version = node.kubeletVersion;
	machine.tell({
		event: "node-ready",
		waitedMs: machine.nowMs() - startedMs,
		...(version === undefined ? {} : { version }),
	});
	await repair(machine, action, node, patience);
}

function usableCredentials(machine: Machine, nodeName: string) {
	const credentials = kubeletCredentials(machine.readFile, machine.timeMs());
	if (credentials.state !== "usable") {
		throw joinError({
			...permanent,
			code: "join.credentials-lost",
			message: `the node's own credentials are gone: ${credentials.state === "none" ? "there is no kubelet.conf" : credentials.why}`,
			hint: "systemctl restart netherd-join joins anew",
		});
	}
	if (credentials.nodeName === nodeName) return credentials;
	throw joinError({
		...permanent,
		code: "join.other-name",
		message: `this machine is the node ${JSON.stringify(credentials.nodeName)}, and lts.conf calls it ${JSON.stringify(nodeName)}`,
		hint: "to join under the new name: kubectl delete node of the old one, then on the node kubeadm reset -f && systemctl restart netherd-join",
	});
}

const permanent = { isPermanent: true, concerns: "node", pace: "growing" } as const;

/** A Ready from before this boot does not count: the cluster takes some 40 s to notice that a node is gone. */
function isReadyNow(answer: NodeAnswer, bootId: string | undefined): answer is Node {
	return answer.state === "there" && answer.isReady && isThisBoot(answer, bootId);
}

function isThisBoot(node: Node, bootId: string | undefined): boolean {
	return node.bootId === undefined || bootId === undefined || node.bootId === bootId;
}

function reasonOf(answer: NodeAnswer, bootId: string | undefined): string {
	switch (answer.state) {
		case "unknown":
			return "the kubelet has not registered the node yet";
		case "refused":
			return `the API server refuses the node's credentials: ${answer.why}`;
		case "no-answer":
			return `the API server does not answer: ${answer.why}`;
		case "there":
			return isThisBoot(answer, bootId)
				? answer.message
				: "the cluster still shows the node as it was before this boot";
	}
}

function notReady({ nodeName }: JoinCluster, answer: NodeAnswer, { readyTimeoutMs }: Patience): JoinFailure {
	const after = `${readyTimeoutMs / 1000} s after it joined`;
	if (answer.state === "refused") {
		return {
			...permanent,
			code: "join.credentials-refused",
			message: `the API server still refuses the credentials of the node ${nodeName} ${after}: ${answer.why}`,
			hint: "is it another cluster than the one that the node has joined? kubeadm reset -f && systemctl restart netherd-join joins anew",
		};
	}
	return {
		...permanent,
		code: "join.not-ready",
		message: `the node ${nodeName} is not Ready ${after}: ${reasonOf(answer, undefined)}`,
		hint: "look at kubectl describe node, at the CNI's pods, and at journalctl --unit kubelet; the kubelet goes on trying by itself. systemctl restart netherd-join looks again",
	};
}

async function repair(machine: Machine, action: JoinCluster, node: Node, patience: Patience): Promise<void> {
	const differences = compareNode(action.nodeName, action, node);
	const labels = Object.fromEntries(
		differences.flatMap(({ repair }) => (repair === undefined ? [] : [[repair.key, repair.value] as const])),
	);
	const credentials = usableCredentials(machine, action.nodeName);
	const problem =
		Object.keys(labels).length === 0
			? undefined
			: await setLabels(credentials, labels, patience.probeTimeoutMs);
	const isRepaired = problem === undefined;
	if (isRepaired && Object.keys(labels).length > 0) machine.tell({ event: "node-repaired", labels });
	const remaining = differences
		.filter(({ repair }) => repair === undefined || !isRepaired)
		.map((each) => (each.repair === undefined ? each : { ...each, what: `${each.what} (${problem})` }));
	if (remaining.length > 0) machine.tell({ event: "node-differs", differences: remaining });
}
