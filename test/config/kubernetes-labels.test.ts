import { describe, expect, test } from "vitest";
import { isDnsSubdomain, readLabel, readTaint } from "../../agent/config/kubernetes-labels.ts";

const name63 = "a".repeat(63);
const problemOf = (reading: object) => ("problem" in reading ? reading.problem : undefined);

describe("readLabel", () => {
	test.each([
		["zone=z1", "zone", "z1"],
		["example.com/zone=z1", "example.com/zone", "z1"],
		["Zone_1.x-y=A_1.b-c", "Zone_1.x-y", "A_1.b-c"],
		["empty=", "empty", ""],
		[`${name63}=${name63}`, name63, name63],
		[`${"a.".repeat(126)}a/x=1`, `${"a.".repeat(126)}a/x`, "1"],
		["node.kubernetes.io/role=worker", "node.kubernetes.io/role", "worker"],
		["rack.node.kubernetes.io/x=1", "rack.node.kubernetes.io/x", "1"],
		["kubelet.kubernetes.io/x=1", "kubelet.kubernetes.io/x", "1"],
		["topology.kubernetes.io/region=eu", "topology.kubernetes.io/region", "eu"],
		["my-kubernetes.io/x=1", "my-kubernetes.io/x", "1"],
	])("%s", (text, key, value) => {
		expect(readLabel(text)).toEqual({ value: { key, value } });
	});

	test.each([
		["zone", /key=value/],
		["=z1", /key is empty/],
		["example.com/=z1", /key is empty/],
		["a/b/c=d", /more than one \//],
		["/x=1", /before the \//],
		["Example.com/x=1", /lower case/],
		["exa_mple.com/x=1", /before the \//],
		[`${"a.".repeat(127)}a/x=1`, /253/],
		[`${name63}a=1`, /key is longer than 63/],
		[`x=${name63}a`, /value is longer than 63/],
		["-x=1", /key is not of letters/],
		["x=1-", /value is not of letters/],
		["x=a b", /value is not of letters/],
		["x=a=b", /value is not of letters/],
		["x=a,y=b", /value is not of letters/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readLabel(text))).toMatch(message);
	});

	test.each([
		"node-role.kubernetes.io/worker=",
		"kubernetes.io/role=worker",
		"x.k8s.io/y=z",
		"topology.kubernetes.io/rack=r1",
	])("%s would keep the kubelet from starting, and the way around it is named", (text) => {
		expect(problemOf(readLabel(text))).toBe(
			`a kubelet with it does not start; set it from the control plane with kubectl label node NAME ${text}, or use a domain of your own`,
		);
	});

	test("a domain that the API server keeps from nodes", () => {
		expect(problemOf(readLabel("node-restriction.kubernetes.io/pci=1"))).toMatch(/kept from nodes/);
	});
});

describe("readTaint", () => {
	test.each([
		["dedicated=storage:NoSchedule", { key: "dedicated", value: "storage", effect: "NoSchedule" }],
		["example.com/x=:PreferNoSchedule", { key: "example.com/x", value: "", effect: "PreferNoSchedule" }],
		["gpu:NoExecute", { key: "gpu", effect: "NoExecute" }],
		["node-role.kubernetes.io/x:NoSchedule", { key: "node-role.kubernetes.io/x", effect: "NoSchedule" }],
	])("%s", (text, value) => {
		expect(readTaint(text)).toEqual({ value });
	});

	test.each([
		["dedicated=storage", /not a taint/],
		["dedicated=storage:", /effect/],
		["dedicated=storage:noschedule", /effect is not NoSchedule, PreferNoSchedule or NoExecute/],
		["a=b:NoSchedule:NoExecute", /not a taint/],
		["a=b=c:NoSchedule", /value is not of letters/],
		["=b:NoSchedule", /key is empty/],
		["a b=c:NoSchedule", /key is not of letters/],
		[`a=${name63}x:NoSchedule`, /longer/],
		["dedicated=storage:NoSchedule-", /effect/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readTaint(text))).toMatch(message);
	});
});

test.each([
	["node7", true],
	["node7.farm.example", true],
	["7", true],
	["a-b", true],
	["", false],
	["Node7", false],
	["node_7", false],
	["-a", false],
	["a-", false],
	["a..b", false],
	["a.", false],
	["ž", false],
	["a".repeat(253), true],
	["a".repeat(254), false],
])("%s names a Node: %s", (text, expected) => {
	expect(isDnsSubdomain(text)).toBe(expected);
});
