import { describe, expect, test } from "vitest";
import { joinStage } from "../../agent/boot.ts";
import type { JoinFacts } from "../../agent/facts/facts.ts";
import type { Action, JoinCluster } from "../../agent/plan/action.ts";
import { planFromFacts } from "../../agent/run-stage.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const token = "abcdef.0123456789abcdef";
const hashes = `sha256:${"a".repeat(64)} sha256:${"b".repeat(64)}`;
const minimal = `[default]
KUBEADM_JOIN_ENDPOINT = "192.0.2.5:6443"
KUBEADM_JOIN_TOKEN = "${token}"
KUBEADM_JOIN_CA_CERT_HASH = "${hashes}"
`;
const farm = `${minimal}KUBERNETES_LABEL_10 = "example.com/rack=r12"
KUBERNETES_LABEL_2 = "topology.kubernetes.io/zone=z1"
KUBERNETES_TAINT_1 = "dedicated=storage:NoSchedule"
KUBERNETES_TAINT_2 = "example.com/maintenance:NoExecute"
KUBELET_EXTRA_ARG_1 = "max-pods=200"
KUBERNETES_CRI_SOCKET = /run/containerd/containerd.sock
NODE_IP = "$IPV4ADDR 2001:db8::7"
`;

function factsOf(ltsConf: string, facts: Partial<JoinFacts> = {}): JoinFacts {
	const { version, agentVersion, commandLine, network, configuration } = makeInitFacts(ltsConf);
	return {
		version,
		agentVersion,
		commandLine,
		network,
		configuration,
		stage: "join",
		kubeadmVersion: "v1.31.2",
		hostname: "Node7",
		joined: false,
		...facts,
	};
}

function actionsOf(ltsConf: string, facts: Partial<JoinFacts> = {}): readonly Action[] {
	return planFromFacts(joinStage, factsOf(ltsConf, facts)).steps.flatMap(({ actions }) => actions);
}

function configurationsOf(ltsConf: string, facts: Partial<JoinFacts> = {}): readonly unknown[] {
	return actionsOf(ltsConf, facts).flatMap((action) =>
		action.kind === "putFile" ? [JSON.parse(action.content)] : [],
	);
}

function joinOf(ltsConf: string, facts: Partial<JoinFacts> = {}): JoinCluster {
	const action = actionsOf(ltsConf, facts).at(-1);
	if (action?.kind !== "joinCluster") throw new Error("no join was planned");
	return action;
}

const snapshotOf = (kubeadmVersion: string) => configurationsOf(farm, { kubeadmVersion });

describe("one lts.conf, three generations of kubeadm", () => {
	test("v1beta4 (1.31 and later): kubelet arguments are a list, the discovery's limit is in timeouts", () => {
		expect(snapshotOf("v1.31.2")).toMatchInlineSnapshot(`
			[
			  {
			    "apiVersion": "kubeadm.k8s.io/v1beta4",
			    "discovery": {
			      "bootstrapToken": {
			        "apiServerEndpoint": "192.0.2.5:6443",
			        "caCertHashes": [
			          "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			          "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
			        ],
			        "token": "{secret:kubeadm-join-token}",
			      },
			    },
			    "kind": "JoinConfiguration",
			    "nodeRegistration": {
			      "criSocket": "unix:///run/containerd/containerd.sock",
			      "kubeletExtraArgs": [
			        {
			          "name": "node-labels",
			          "value": "topology.kubernetes.io/zone=z1,example.com/rack=r12",
			        },
			        {
			          "name": "node-ip",
			          "value": "192.0.2.10,2001:db8::7",
			        },
			        {
			          "name": "max-pods",
			          "value": "200",
			        },
			      ],
			      "name": "node7",
			      "taints": [
			        {
			          "effect": "NoSchedule",
			          "key": "dedicated",
			          "value": "storage",
			        },
			        {
			          "effect": "NoExecute",
			          "key": "example.com/maintenance",
			        },
			      ],
			    },
			    "timeouts": {
			      "discovery": "20s",
			    },
			  },
			]
		`);
	});

	test("v1beta3 (1.22 to 1.30): they are a map, the limit is in discovery", () => {
		expect(snapshotOf("v1.30.9")).toMatchInlineSnapshot(`
			[
			  {
			    "apiVersion": "kubeadm.k8s.io/v1beta3",
			    "discovery": {
			      "bootstrapToken": {
			        "apiServerEndpoint": "192.0.2.5:6443",
			        "caCertHashes": [
			          "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			          "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
			        ],
			        "token": "{secret:kubeadm-join-token}",
			      },
			      "timeout": "20s",
			    },
			    "kind": "JoinConfiguration",
			    "nodeRegistration": {
			      "criSocket": "unix:///run/containerd/containerd.sock",
			      "kubeletExtraArgs": {
			        "max-pods": "200",
			        "node-ip": "192.0.2.10,2001:db8::7",
			        "node-labels": "topology.kubernetes.io/zone=z1,example.com/rack=r12",
			      },
			      "name": "node7",
			      "taints": [
			        {
			          "effect": "NoSchedule",
			          "key": "dedicated",
			          "value": "storage",
			        },
			        {
			          "effect": "NoExecute",
			          "key": "example.com/maintenance",
			        },
			      ],
			    },
			  },
			]
		`);
	});

	test("v1beta2 (1.15 to 1.21) differs from v1beta3 by its name alone", () => {
		const version = (name: string) => name.replace("kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta2");
		const later = JSON.stringify(snapshotOf("v1.30.9"));
		expect(later).toContain("kubeadm.k8s.io/v1beta3");
		expect(JSON.stringify(snapshotOf("v1.20.2"))).toBe(version(later));
	});
});

test("the files are for root alone, and the token is in no argument", () => {
	expect(actionsOf(farm)).toEqual([
		expect.objectContaining({
			kind: "putFile",
			path: "/run/netherd/join/1.json",
			mode: "0600",
			content: expect.stringContaining('"{secret:kubeadm-join-token}"'),
		}),
		{
			kind: "joinCluster",
			attempts: [{ endpoint: "192.0.2.5:6443", configuration: "/run/netherd/join/1.json" }],
			caCertHashes: hashes.split(" "),
			token: { from: "configuration" },
			nodeName: "node7",
			criSockets: ["/run/containerd/containerd.sock"],
			labels: { "topology.kubernetes.io/zone": "z1", "example.com/rack": "r12" },
			taints: [
				{ key: "dedicated", value: "storage", effect: "NoSchedule" },
				{ key: "example.com/maintenance", effect: "NoExecute" },
			],
			attemptTimeoutMs: 720_000,
		},
	]);
});

test("without the optional keys: what kubeadm finds out itself is left to it", () => {
	expect(configurationsOf(minimal)).toEqual([
		{
			apiVersion: "kubeadm.k8s.io/v1beta4",
			kind: "JoinConfiguration",
			discovery: {
				bootstrapToken: {
					apiServerEndpoint: "192.0.2.5:6443",
					token: "{secret:kubeadm-join-token}",
					caCertHashes: hashes.split(" "),
				},
			},
			nodeRegistration: { name: "node7" },
			timeouts: { discovery: "20s" },
		},
	]);
	expect(joinOf(minimal).criSockets).toEqual([
		"/run/containerd/containerd.sock",
		"/run/crio/crio.sock",
		"/run/cri-dockerd.sock",
	]);
});

test("several endpoints: a file for each", () => {
	const several = minimal.replace("192.0.2.5:6443", "192.0.2.5:6443 [2001:db8::5]:6443 api.farm.example:443");
	expect(joinOf(several).attempts).toEqual([
		{ endpoint: "192.0.2.5:6443", configuration: "/run/netherd/join/1.json" },
		{ endpoint: "[2001:db8::5]:6443", configuration: "/run/netherd/join/2.json" },
		{ endpoint: "api.farm.example:443", configuration: "/run/netherd/join/3.json" },
	]);
	expect(configurationsOf(several)).toMatchObject(
		["192.0.2.5:6443", "[2001:db8::5]:6443", "api.farm.example:443"].map((apiServerEndpoint) => ({
			discovery: { bootstrapToken: { apiServerEndpoint } },
		})),
	);
});

describe("where the token comes from", () => {
	const marked = { discovery: { bootstrapToken: { token: "{secret:join-token}" } } };

	test("a file on the node, which comes before a token in lts.conf", () => {
		const text = `${minimal}KUBEADM_JOIN_TOKEN_FILE = /run/secrets/token\n`;
		expect(joinOf(text).token).toEqual({ from: "file", path: "/run/secrets/token" });
		expect(configurationsOf(text)).toMatchObject([marked]);
	});

	test("the companion", () => {
		const text = minimal.replace(`"${token}"`, "server");
		expect(joinOf(text).token).toEqual({ from: "server", url: "http://192.0.2.1:8080/token" });
		expect(configurationsOf(text)).toMatchObject([marked]);
	});

	test("the companion, of a node that was booted without one", () => {
		const facts = { commandLine: "root=/dev/nbd0 nbdroot=192.0.2.1:10809/node" };
		expect(() => actionsOf(minimal.replace(`"${token}"`, "server"), facts)).toThrow(
			expect.objectContaining({ code: "join.no-server" }),
		);
	});
});

test("NODE_NAME, KUBEADM_JOIN_TIMEOUT, KUBEADM_PATCHES", () => {
	const text = `${minimal}NODE_NAME = seven.farm.example\nKUBEADM_JOIN_TIMEOUT = 30m\nKUBEADM_PATCHES = /etc/kubernetes/patches\n`;
	expect(joinOf(text)).toMatchObject({ nodeName: "seven.farm.example", timeoutMs: 1_800_000 });
	expect(configurationsOf(text)).toMatchObject([
		{ nodeRegistration: { name: "seven.farm.example" }, patches: { directory: "/etc/kubernetes/patches" } },
	]);
	expect(() => actionsOf(text, { kubeadmVersion: "v1.21.14" })).toThrow(
		expect.objectContaining({ code: "join.no-patches" }),
	);
});

test("a host name that is no Node's name", () => {
	expect(() => actionsOf(minimal, { hostname: "node_7" })).toThrow(
		expect.objectContaining({ code: "join.bad-node-name", message: expect.stringContaining('"node_7"') }),
	);
	expect(joinOf(`${minimal}NODE_NAME = node-7\n`, { hostname: "node_7" }).nodeName).toBe("node-7");
});

test("a node that is not asked to join does nothing", () => {
	expect(actionsOf("[default]\nTIMEZONE=UTC\n")).toEqual([]);
});

test("a node that has joined makes no attempt, whatever kubeadm is", () => {
	const { kubeadmVersion: _, ...facts } = factsOf(farm, { joined: true });
	expect(planFromFacts(joinStage, facts).steps.flatMap(({ actions }) => actions)).toEqual([
		expect.objectContaining({ kind: "joinCluster", attempts: [], nodeName: "node7" }),
	]);
});

test.each([
	["v1.14.10", "join.kubeadm-unsupported"],
	["v2.0.0", "join.kubeadm-unsupported"],
	["nonsense", "join.kubeadm-unsupported"],
])("kubeadm %s: %s", (kubeadmVersion, code) => {
	expect(() => actionsOf(farm, { kubeadmVersion })).toThrow(expect.objectContaining({ code }));
});

test("without kubeadm the error says so", () => {
	const { kubeadmVersion: _, ...facts } = factsOf(farm);
	expect(() => planFromFacts(joinStage, facts)).toThrow(expect.objectContaining({ code: "join.no-kubeadm" }));
});
