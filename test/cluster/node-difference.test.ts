import { describe, expect, test } from "vitest";
import { compareNode, nodeMaySetLabel } from "../../agent/cluster/node-difference.ts";

const found = {
	labels: { "kubernetes.io/hostname": "node7", rack: "r1", old: "stays" },
	taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" as const }],
};

test("what lts.conf does not name is no difference", () => {
	expect(compareNode("node7", { labels: { rack: "r1" }, taints: [] }, found)).toEqual([]);
});

test("labels that are missing or other, with what a node may do itself", () => {
	const wanted = { labels: { rack: "r2", "node-role.kubernetes.io/worker": "" }, taints: [] };
	expect(compareNode("node7", wanted, found)).toEqual([
		{
			what: 'label rack is "r1", and lts.conf says "r2"',
			command: "kubectl label node node7 rack=r2 --overwrite",
			repair: { key: "rack", value: "r2" },
		},
		{
			what: 'label node-role.kubernetes.io/worker is not there, and lts.conf says ""',
			command: "kubectl label node node7 node-role.kubernetes.io/worker= --overwrite",
		},
	]);
});

test("taints that are missing or other: never the node's to change", () => {
	const taints = [
		{ key: "dedicated", value: "storage", effect: "NoSchedule" as const },
		{ key: "gone", effect: "NoExecute" as const },
	];
	const node = { labels: {}, taints: [{ key: "dedicated", value: "gpu", effect: "NoSchedule" as const }] };
	expect(compareNode("node7", { labels: {}, taints }, node)).toEqual([
		{
			what: 'taint dedicated:NoSchedule is "gpu", and lts.conf says "storage"',
			command: "kubectl taint node node7 dedicated=storage:NoSchedule --overwrite",
		},
		{
			what: "taint gone:NoExecute is not there, and lts.conf says that it is there",
			command: "kubectl taint node node7 gone:NoExecute --overwrite",
		},
	]);
});

test("an empty value and none are the same taint", () => {
	const taints = [{ key: "a", effect: "NoSchedule" as const }];
	expect(
		compareNode(
			"node7",
			{ labels: {}, taints },
			{ labels: {}, taints: [{ key: "a", value: "", effect: "NoSchedule" }] },
		),
	).toEqual([]);
});

describe("labels that NodeRestriction lets a node set of itself", () => {
	test.each([
		"rack",
		"example.org/rack",
		"kubernetes.io/hostname",
		"topology.kubernetes.io/zone",
		"node.kubernetes.io/instance-type",
		"special.node.kubernetes.io/x",
		"kubelet.kubernetes.io/x",
		"notkubernetes.io/x",
	])("%s", (key) => expect(nodeMaySetLabel(key)).toBe(true));

	test.each([
		"node-role.kubernetes.io/worker",
		"node-restriction.kubernetes.io/x",
		"example.node-restriction.kubernetes.io/x",
		"kubernetes.io/x",
		"k8s.io/x",
		"example.k8s.io/x",
	])("not %s", (key) => expect(nodeMaySetLabel(key)).toBe(false));
});
