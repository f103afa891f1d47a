import { describe, expect, test } from "vitest";
import type { JoinFacts } from "../../agent/facts/facts.ts";
import { writeJoinConfiguration } from "../../agent/join/10-join-configuration.ts";
import { kubeadmJoin } from "../../agent/join/20-kubeadm-join.ts";
import { makeInitFacts, planActions } from "../lib/plan-step.ts";

const farm = `[default]
KUBEADM_JOIN_ENDPOINT = "192.0.2.5:6443"
KUBEADM_JOIN_TOKEN = "abcdef.0123456789abcdef"
KUBEADM_JOIN_CA_CERT_HASH = "sha256:${"a".repeat(64)} sha256:${"b".repeat(64)}"
KUBERNETES_LABEL_10 = "example.com/rack=r12"
KUBERNETES_LABEL_2 = "example.com/zone=z1"
KUBERNETES_TAINT_1 = "dedicated=storage:NoSchedule"
KUBERNETES_TAINT_2 = "example.com/maintenance:NoExecute"
KUBELET_EXTRA_ARG_1 = "max-pods=200"
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
		hostname: "node7",
		joined: false,
		...facts,
	};
}

function configurationFor(kubeadmVersion: string): unknown {
	const [action] = planActions(writeJoinConfiguration, factsOf(farm, { kubeadmVersion }));
	if (action?.kind !== "putFile") throw new Error("no file was planned");
	return JSON.parse(action.content);
}

describe("one lts.conf, three generations of kubeadm", () => {
	test("v1beta4 (1.31 and later): kubelet arguments are a list", () => {
		expect(configurationFor("v1.31.2")).toMatchInlineSnapshot(`
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
			    "kubeletExtraArgs": [
			      {
			        "name": "node-labels",
			        "value": "example.com/zone=z1,example.com/rack=r12",
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
			}
		`);
	});

	test("v1beta3 (1.22 to 1.30): they are a map", () => {
		expect(configurationFor("v1.30.9")).toMatchInlineSnapshot(`
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
			  },
			  "kind": "JoinConfiguration",
			  "nodeRegistration": {
			    "kubeletExtraArgs": {
			      "max-pods": "200",
			      "node-labels": "example.com/zone=z1,example.com/rack=r12",
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
			}
		`);
	});

	test("v1beta2 (1.15 to 1.21)", () => {
		expect(configurationFor("v1.20.2")).toMatchInlineSnapshot(`
			{
			  "apiVersion": "kubeadm.k8s.io/v1beta2",
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
			    "kubeletExtraArgs": {
			      "max-pods": "200",
			      "node-labels": "example.com/zone=z1,example.com/rack=r12",
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
			}
		`);
	});
});

test("the file is for root alone, and the token is in no argument", () => {
	expect(planActions(writeJoinConfiguration, factsOf(farm))).toEqual([
		expect.objectContaining({
			kind: "putFile",
			path: "/run/netherd/join/join-configuration.json",
			mode: "0600",
			content: expect.stringContaining("{secret:kubeadm-join-token}"),
		}),
	]);
	expect(planActions(kubeadmJoin, factsOf(farm))).toEqual([
		expect.objectContaining({
			argv: ["kubeadm", "join", "--config", "/run/netherd/join/join-configuration.json"],
		}),
	]);
});

test.each([
	["has joined already", farm, { joined: true }],
	["is not asked to join", "[default]\nTIMEZONE=UTC\n", {}],
])("a node that %s does nothing", (_, ltsConf, facts) => {
	expect(planActions(writeJoinConfiguration, factsOf(ltsConf, facts))).toEqual([]);
	expect(planActions(kubeadmJoin, factsOf(ltsConf, facts))).toEqual([]);
});

test.each([
	["v1.14.10", "join.kubeadm-unsupported"],
	["v2.0.0", "join.kubeadm-unsupported"],
	["nonsense", "join.kubeadm-unsupported"],
])("kubeadm %s: %s", (kubeadmVersion, code) => {
	expect(() => configurationFor(kubeadmVersion)).toThrow(expect.objectContaining({ code }));
});

test("without kubeadm the error says so", () => {
	const { kubeadmVersion: _, ...facts } = factsOf(farm);
	expect(() => planActions(writeJoinConfiguration, facts)).toThrow(
		expect.objectContaining({ code: "join.no-kubeadm" }),
	);
});
