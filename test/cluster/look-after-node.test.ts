import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ApiServerOfTest, startApiServer } from "./support/api-server.ts";
import { type Authority, makeAuthority } from "./support/certificates.ts";
import { bootId, NodeUnderTest, nodeName } from "./support/node.ts";

let authority: Authority;
let api: ApiServerOfTest;
let node: NodeUnderTest;

beforeAll(() => {
	authority = makeAuthority();
});
beforeEach(async () => {
	api = await startApiServer(authority);
	node = new NodeUnderTest([]);
	node.prepareCredentials(api.endpoint, authority.certificate, authority.node(nodeName));
	node.becomeNode();
});
afterEach(async () => {
	await api.close();
	node.remove();
});

const ready = { labels: {}, taints: [], isReady: true, bootId };
const labels = { rack: "r2", "node-role.kubernetes.io/worker": "" };
const taints = [{ key: "dedicated", value: "storage", effect: "NoSchedule" as const }];

test("a Node that is not registered, then not Ready, then Ready", async () => {
	const joining = node.join([]);
	await node.until(() => node.reasons.includes("Ready: the kubelet has not registered the node yet"));
	api.nodes.set(nodeName, { ...ready, isReady: false, message: "cni plugin not initialized" });
	await node.until(() => node.reasons.includes("Ready: cni plugin not initialized"));
	api.nodes.set(nodeName, ready);
	await joining;
	expect(node.events).toContainEqual(expect.objectContaining({ event: "node-ready", version: "v1.20.2" }));
});

test("a Ready from before this boot does not count", async () => {
	api.nodes.set(nodeName, { ...ready, bootId: "00000000-0000-4000-8000-000000000000" });
	const joining = node.join([]);
	await node.until(() =>
		node.reasons.includes("Ready: the cluster still shows the node as it was before this boot"),
	);
	api.nodes.set(nodeName, ready);
	await joining;
	expect(node.story.at(-1)).toBe("node-ready");
});

test("an API server that goes away and comes back", async () => {
	api.nodes.set(nodeName, { ...ready, isReady: false });
	const port = Number(api.endpoint.split(":")[1]);
	const joining = node.join([]);
	await node.until(() => node.reasons.length > 0);
	await api.close();
	await node.until(() => node.reasons.includes("Ready: the API server does not answer: connection refused"));
	api = await startApiServer(authority, port);
	api.nodes.set(nodeName, ready);
	await joining;
});

test("labels and taints of an old Node: what a node may set is set, the rest comes with its command", async () => {
	api.nodes.set(nodeName, { ...ready, labels: { rack: "r1" }, taints: [] });
	await node.join([], { labels, taints });
	expect(api.nodes.get(nodeName)?.labels).toEqual({ rack: "r2" });
	expect(node.events).toContainEqual({ event: "node-repaired", labels: { rack: "r2" } });
	expect(node.events.at(-1)).toMatchObject({
		event: "node-differs",
		differences: [
			{ command: `kubectl label node ${nodeName} node-role.kubernetes.io/worker= --overwrite` },
			{ command: `kubectl taint node ${nodeName} dedicated=storage:NoSchedule --overwrite` },
		],
	});
});

test("a label that the cluster refuses is shown with its reason and command", async () => {
	api.nodes.set(nodeName, ready);
	api.forbid = 'nodes "node7" is forbidden: is not allowed to modify labels: rack';
	await node.join([], { labels: { rack: "r2" } });
	expect(node.events.at(-1)).toMatchObject({
		event: "node-differs",
		differences: [{ what: expect.stringContaining("not allowed to modify labels: rack") }],
	});
});

test("a Node that is as lts.conf says is left alone", async () => {
	api.nodes.set(nodeName, { ...ready, labels, taints });
	await node.join([], { labels, taints });
	expect(node.story.at(-1)).toBe("node-ready");
	expect(api.requests.filter((request) => request.startsWith("PATCH"))).toEqual([]);
});

test("not Ready within its time: an error with the kubelet's reason", async () => {
	api.nodes.set(nodeName, { ...ready, isReady: false, message: "cni plugin not initialized" });
	await expect(node.join([], {}, { readyTimeoutMs: 100 })).rejects.toMatchObject({
		code: "join.not-ready",
		message: expect.stringContaining("cni plugin not initialized"),
	});
});

test("credentials of another cluster: an error of their own", async () => {
	node.prepareCredentials(api.endpoint, authority.certificate, makeAuthority("other").node(nodeName));
	node.becomeNode();
	api.nodes.set(nodeName, ready);
	await expect(node.join([], {}, { readyTimeoutMs: 100 })).rejects.toMatchObject({
		code: "join.credentials-refused",
	});
});

test("credentials that disappear", async () => {
	api.nodes.set(nodeName, { ...ready, isReady: false });
	const joining = node.join([]);
	await node.until(() => node.reasons.length > 0);
	node.removeFile("/etc/kubernetes/kubelet.conf");
	await expect(joining).rejects.toMatchObject({ code: "join.credentials-lost" });
});
