import { describe, expect, test } from "vitest";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import {
	describeReason,
	findLikeCycles,
	type Identities,
	indexSections,
	selectAllNodes,
	selectSections,
} from "../../agent/config/select.ts";

/** Sections in priority order, each with its reason in words. */
function select(text: string, identities: Identities): string[] {
	return selectSections(indexSections(parseLtsConf(text, "f")), identities).sections.map(
		({ section, reason }) => `${section.nameAsWritten}: ${describeReason(reason)}`,
	);
}

function findings(text: string, identities: Identities): string[] {
	return selectSections(indexSections(parseLtsConf(text, "f")), identities).findings.map(
		({ severity, code, line, column }) => `${line}:${column} ${severity} ${code}`,
	);
}

const node: Identities = { hostname: "Node1", ip: "10.9.0.11", mac: "52:54:00:AB:00:01" };

describe("exact sections", () => {
	const byMac = "[52:54:00:ab:00:01]\nA=mac\n";
	const byIp = "[10.9.0.11]\nA=ip\n";
	const byName = "[node1]\nA=name\n";

	test("the host name comes before the IP, the IP before the MAC; the others are not merged", () => {
		expect(select(byMac + byIp + byName, node)).toEqual(["node1: host name Node1"]);
		expect(select(byMac + byIp, node)).toEqual(["10.9.0.11: IP address 10.9.0.11"]);
		expect(select(byMac, node)).toEqual(["52:54:00:ab:00:01: MAC address 52:54:00:AB:00:01"]);
	});

	test("an identity that is not known chooses nothing", () => {
		expect(select('[""]\nA=1\n[x]\nA=1\n', { hostname: "", ip: undefined })).toEqual([]);
	});

	test("of two sections with one name the first counts", () => {
		expect(select("[NODE1]\nA=1\n[node1]\nA=2\n", node)).toEqual(["NODE1: host name Node1"]);
	});
});

describe("LIKE", () => {
	test("is followed in breadth, several lines allowed, each section once", () => {
		const text = `[node1]
LIKE = a
LIKE = b
[b]
LIKE = d
LIKE = c
[a]
LIKE = c
[c]
K=1
[d]
K=2
[default]
K=3
`;
		expect(select(text, node)).toEqual([
			"node1: host name Node1",
			"a: LIKE of [node1]",
			"b: LIKE of [node1]",
			"c: LIKE of [node1] → [a]",
			"d: LIKE of [node1] → [b]",
			"default: applies to every node",
		]);
	});

	test("takes names as they are: no pattern, no list, any case", () => {
		const text = '[node1]\nLIKE=g*\nLIKE="g1 g2"\nLIKE=G2\n[g1]\nA=1\n[g2]\nA=2\n["g*"]\nA=3\n';
		expect(select(text, node)).toEqual([
			"node1: host name Node1",
			"g*: LIKE of [node1]",
			"g2: LIKE of [node1]",
		]);
		expect(findings(text, node)).toEqual(["3:7 warning lts-conf.unknown-like"]);
	});

	test("of [default] is ignored, but followed where a LIKE names [default]", () => {
		const text = "[default]\nLIKE=g\n[g]\nA=1\n[node1]\nB=1\n[node2]\nLIKE=default\n";
		expect(select(text, node)).toEqual(["node1: host name Node1", "default: applies to every node"]);
		expect(select(text, { hostname: "node2" })).toEqual([
			"node2: host name node2",
			"default: LIKE of [node2]",
			"g: LIKE of [node2] → [default]",
		]);
	});

	test("in a circle is an error at a line of the circle, for the nodes that reach it", () => {
		const text = "[node1]\nLIKE=a\n[a]\nLIKE=b\n[b]\nLIKE = a\n[node2]\nA=1\n[node3]\nLIKE=node3\n";
		expect(findings(text, node)).toEqual(["6:8 error lts-conf.like-cycle"]);
		expect(findings(text, { hostname: "node2" })).toEqual([]);
		expect(findings(text, { hostname: "node3" })).toEqual(["10:6 error lts-conf.like-cycle"]);
		const index = indexSections(parseLtsConf(text, "f"));
		const all = [...index.byName.values()].map((section) => ({ section }));
		expect(findLikeCycles(index, all).map(({ message }) => message)).toEqual([
			"LIKE goes in a circle: a → b → a",
			"LIKE goes in a circle: node3 → node3",
		]);
	});

	test("two ways to one section are no circle", () => {
		expect(findings("[node1]\nLIKE=a\nLIKE=b\n[a]\nLIKE=c\n[b]\nLIKE=c\n[c]\nA=1\n", node)).toEqual([]);
	});

	test("ten thousand deep", () => {
		const depth = 10_000;
		const text = `[node1]\nLIKE=g0\n${Array.from({ length: depth }, (_, i) => `[g${i}]\nLIKE=g${i + 1}\n`).join("")}[g${depth}]\nA=1\n`;
		const selected = select(text, node);
		expect(selected).toHaveLength(depth + 2);
		expect(selected.at(-1)).toBe("g10000: LIKE of [node1] → [g0] → [g1] → … → [g9998] → [g9999]");
		expect(findings(text.replace("A=1", "LIKE=node1"), node)).toEqual([
			`${2 * depth + 4}:6 error lts-conf.like-cycle`,
		]);
	});

	test("doubling at every level takes no time", () => {
		const text = Array.from(
			{ length: 60 },
			(_, i) => `[g${i}]\nLIKE=g${i + 1}\nLIKE=h${i + 1}\n[h${i}]\nLIKE=g${i + 1}\nLIKE=h${i + 1}\n`,
		);
		expect(select(`[node1]\nLIKE=g0\n${text.join("")}`, node)).toHaveLength(120);
	});
});

describe("patterns", () => {
	test("the first for each identity, after the exact section and its LIKEs, before [default]", () => {
		const text = `[default]
A=1
[52:54:00:*]
A=1
[10.9.*]
LIKE = rack
[10.*]
A=1
[N*]
A=1
[node?]
A=1
[node1]
LIKE = like
[like]
A=1
[rack]
A=1
`;
		expect(select(text, node)).toEqual([
			"node1: host name Node1",
			"like: LIKE of [node1]",
			"N*: the pattern matches the host name Node1",
			"10.9.*: the pattern matches the IP address 10.9.0.11",
			"rack: LIKE of [10.9.*]",
			"52:54:00:*: the pattern matches the MAC address 52:54:00:AB:00:01",
			"default: applies to every node",
		]);
	});

	test("a section that is there already is not added again", () => {
		expect(select("[*]\nA=1\n[node1]\nLIKE=*\n", node)).toEqual([
			"node1: host name Node1",
			"*: LIKE of [node1]",
		]);
	});

	test("one for each identity: a pattern that matches two is there once", () => {
		expect(select("[*1]\nA=1\n", node)).toEqual(["*1: the pattern matches the host name Node1"]);
	});
});

test("all nodes of a file: sections that no LIKE names, addresses, patterns, and a node that nothing names", () => {
	const text =
		"[default]\nA=1\n[group]\nA=1\n[node1]\nLIKE=group\n[10.9.0.11]\nA=1\n[52:54:00:ab:00:01]\nLIKE=10.9.0.11\n[node*]\nLIKE=group\n";
	const all = [...selectAllNodes(indexSections(parseLtsConf(text, "f")))];
	expect(all.map(({ sections }) => sections.map(({ section }) => section.name).join(" "))).toEqual([
		"default",
		"node1 group node* default",
		"10.9.0.11 default",
		"52:54:00:ab:00:01 10.9.0.11 default",
		"node* group default",
	]);
});
