import type { UsableCredentials } from "../facts/kubelet-credentials.ts";
import type { Taint } from "../plan/action.ts";
import { type ApiConnection, apiRequest, connectionProblem } from "./api-request.ts";
import type { NodeObject } from "./node-difference.ts";

/** What the API server says about this machine's Node. */
export type NodeAnswer =
	| (NodeObject & {
			readonly state: "there";
			/** Of the condition Ready. */
			readonly isReady: boolean;
			/** The kubelet's words, or the cluster's. */
			readonly message: string;
			/** Of the boot that the kubelet last told of. */
			readonly bootId?: string;
			readonly kubeletVersion?: string;
	  })
	/** The API server answers, and has no such Node yet. */
	| { readonly state: "unknown" }
	/** The API server does not take the credentials. */
	| { readonly state: "refused"; readonly why: string }
	| { readonly state: "no-answer"; readonly why: string };

/** Asks with the node's own credentials. Never throws. */
export async function readNode(
	credentials: UsableCredentials,
	timeoutMs: number,
	connection?: ApiConnection,
): Promise<NodeAnswer> {
	try {
		const { status, body } = await ask(credentials, timeoutMs, { connection });
		if (status === 200) return parseNode(body);
		if (status === 404) return { state: "unknown" };
		if (status === 401 || status === 403) return { state: "refused", why: messageOf(body) };
		return { state: "no-answer", why: `it says ${status} ${messageOf(body)}`.trim() };
	} catch (error) {
		const why = connectionProblem(error);
		return /another CA/.test(why) ? { state: "refused", why } : { state: "no-answer", why };
	}
}

/**
 * Whether a Node of this name is Ready, asked with a bootstrap token, as kubeadm does; undefined when there is no answer
 * to that. `authority` must be the cluster's CA, or the token goes to whoever answers. Never throws.
 */
export async function isNodeReady(
	endpoint: string,
	{ authority, token, nodeName }: { authority: string; token: string; nodeName: string },
	timeoutMs: number,
): Promise<boolean | undefined> {
	try {
		const url = `https://${endpoint}/api/v1/nodes/${encodeURIComponent(nodeName)}`;
		const headers = { authorization: `Bearer ${token}` };
		const { status, body } = await apiRequest({ url, timeoutMs, authority, headers });
		if (status === 404) return false;
		const node = status === 200 ? parseNode(body) : undefined;
		return node?.state === "there" ? node.isReady : undefined;
	} catch {
		return undefined;
	}
}

/** Sets labels of the node's own Node; returns why it did not work, if so. Never throws. */
export async function setLabels(
	credentials: UsableCredentials,
	labels: Readonly<Record<string, string>>,
	timeoutMs: number,
): Promise<string | undefined> {
	try {
		const { status, body } = await ask(credentials, timeoutMs, {
			method: "PATCH",
			headers: { "content-type": "application/merge-patch+json" },
			body: JSON.stringify({ metadata: { labels } }),
		});
		return status === 200 ? undefined : `${status} ${messageOf(body)}`.trim();
	} catch (error) {
		return connectionProblem(error);
	}
}

interface Extra {
	readonly method?: "PATCH";
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly connection?: ApiConnection | undefined;
}

function ask(
	{ server, authority, certificate, key, nodeName }: UsableCredentials,
	timeoutMs: number,
	extra: Extra,
) {
	const url = `${server.replace(/\/$/, "")}/api/v1/nodes/${encodeURIComponent(nodeName)}`;
	return apiRequest({ url, timeoutMs, authority, certificate, key, ...extra });
}

/** v1.Node of the Kubernetes API, as far as it is used here. */
interface NodeJson {
	readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
	readonly spec?: { readonly taints?: readonly Taint[] };
	readonly status?: {
		readonly conditions?: readonly {
			readonly type: string;
			readonly status: string;
			readonly message?: string;
		}[];
		readonly nodeInfo?: { readonly bootID?: string; readonly kubeletVersion?: string };
	};
}

function parseNode(body: string): NodeAnswer {
	let node: NodeJson;
	try {
		node = JSON.parse(body) as NodeJson;
	} catch {
		return { state: "no-answer", why: "its answer is no JSON" };
	}
	const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
	const { bootID, kubeletVersion } = node.status?.nodeInfo ?? {};
	return {
		state: "there",
		isReady: ready?.status === "True",
		message: ready?.message ?? "the kubelet has not said anything yet",
		...(bootID === undefined ? {} : { bootId: bootID }),
		...(kubeletVersion === undefined ? {} : { kubeletVersion }),
		labels: node.metadata?.labels ?? {},
		taints: node.spec?.taints ?? [],
	};
}

/** v1.Status: what an API server says instead of an answer. */
function messageOf(body: string): string {
	try {
		return (JSON.parse(body) as { message?: string }).message ?? "";
	} catch {
		return body.trim().slice(0, 200);
	}
}
