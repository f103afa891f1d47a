import { describe, expect, test } from "vitest";
import { joinStage } from "../../agent/boot.ts";
import { describeError } from "../../agent/errors.ts";
import type { JoinFacts } from "../../agent/facts/facts.ts";
import { readOwnConfiguration } from "../../agent/facts/own-configuration.ts";
import type { JoinCluster } from "../../agent/plan/action.ts";
import { planFromFacts } from "../../agent/run-stage.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const token = "abcdef.0123456789abcdef";
const hash = `sha256:${"a".repeat(64)}`;
const path = "/etc/kubernetes/join.yaml";
const empty = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n";
const allKeys = `KUBEADM_JOIN_ENDPOINT = "192.0.2.5:6443 192.0.2.6:6443"
KUBEADM_JOIN_TOKEN = ${token}
KUBEADM_JOIN_CA_CERT_HASH = ${hash}
KUBERNETES_LABEL_1 = "example.com/rack=r12"
KUBERNETES_LABEL_2 = "example.com/zone=z1"
KUBERNETES_TAINT_1 = dedicated:NoSchedule
KUBELET_EXTRA_ARG_1 = "max-pods=200"
NODE_IP = 192.0.2.10
`;

async function planned(yaml: string, keys = "", facts: Partial<JoinFacts> = {}) {
	const { own } = await readOwnConfiguration(path, yaml);
	const { version, agentVersion, commandLine, network, configuration } = makeInitFacts(
		`[default]\nKUBEADM_JOIN_CONFIG = ${path}\n${keys}`,
	);
	const plan = planFromFacts(joinStage, {
		version,
		agentVersion,
		commandLine,
		network,
		configuration,
		stage: "join",
		kubeadmVersion: "v1.31.2",
		hostname: "node7",
		joined: false,
		ownConfiguration: own,
		...facts,
	});
	const actions = plan.steps.flatMap((step) => step.actions);
	const contents = actions.flatMap((action) =>
		action.kind === "putFile" ? [JSON.parse(action.content)] : [],
	);
	return { contents, join: actions.find((action): action is JoinCluster => action.kind === "joinCluster") };
}

test("a complete file is taken as it is, but for the name, and a limit of the discovery", async () => {
	const { contents, join } = await planned(`# The farm's own.
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: "[2001:db8::5]:6443"
    token: ${token}
    caCertHashes: [ "${hash}" ]
nodeRegistration:
  criSocket: unix:///run/crio/crio.sock
  ignorePreflightErrors: [ Swap ]
  kubeletExtraArgs:
    - { name: node-labels, value: "a=b,example.com/c=" }
    - { name: v, value: "4" }
  taints:
    - { key: gpu, value: "yes", effect: NoSchedule }
timeouts:
  tlsBootstrap: 2m30s
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
`);
	expect(contents).toEqual([
		{
			apiVersion: "kubeadm.k8s.io/v1beta4",
			kind: "JoinConfiguration",
			discovery: {
				bootstrapToken: {
					apiServerEndpoint: "[2001:db8::5]:6443",
					token: "{secret:own-configuration-token}",
					caCertHashes: [hash],
				},
			},
			nodeRegistration: {
				criSocket: "unix:///run/crio/crio.sock",
				ignorePreflightErrors: ["Swap"],
				kubeletExtraArgs: [
					{ name: "node-labels", value: "a=b,example.com/c=" },
					{ name: "v", value: "4" },
				],
				taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }],
				name: "node7",
			},
			timeouts: { tlsBootstrap: "2m30s", discovery: "20s" },
		},
	]);
	expect(join).toMatchObject({
		attempts: [{ endpoint: "[2001:db8::5]:6443", configuration: "/run/netherd/join/1.json" }],
		caCertHashes: [hash],
		token: { from: "configuration" },
		nodeName: "node7",
		criSockets: ["/run/crio/crio.sock"],
		labels: { a: "b", "example.com/c": "" },
		taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }],
	});
});

test("keys fill in what it leaves out, one configuration for each endpoint", async () => {
	const { contents, join } = await planned(
		`${empty}nodeRegistration:\n  name: seven\n  kubeletExtraArgs:\n    - { name: max-pods, value: "10" }\n    - { name: node-labels, value: example.com/rack=r1 }\n`,
		allKeys,
	);
	expect(contents).toHaveLength(2);
	expect(contents[1]).toEqual({
		apiVersion: "kubeadm.k8s.io/v1beta4",
		kind: "JoinConfiguration",
		discovery: {
			bootstrapToken: {
				apiServerEndpoint: "192.0.2.6:6443",
				token: "{secret:kubeadm-join-token}",
				caCertHashes: [hash],
			},
		},
		nodeRegistration: {
			name: "seven",
			kubeletExtraArgs: [
				{ name: "max-pods", value: "10" },
				{ name: "node-labels", value: "example.com/rack=r1,example.com/zone=z1" },
				{ name: "node-ip", value: "192.0.2.10" },
			],
			taints: [{ key: "dedicated", effect: "NoSchedule" }],
		},
		timeouts: { discovery: "20s" },
	});
	expect(join).toMatchObject({
		nodeName: "seven",
		labels: { "example.com/rack": "r1", "example.com/zone": "z1" },
		attempts: [{ endpoint: "192.0.2.5:6443" }, { endpoint: "192.0.2.6:6443" }],
	});
});

test("an older version, as JSON", async () => {
	const json = JSON.stringify({
		apiVersion: "kubeadm.k8s.io/v1beta2",
		kind: "JoinConfiguration",
		nodeRegistration: { kubeletExtraArgs: { v: "4" } },
	});
	const { contents } = await planned(json, allKeys, { kubeadmVersion: "v1.20.2" });
	expect(contents[0]).toMatchObject({
		apiVersion: "kubeadm.k8s.io/v1beta2",
		discovery: { timeout: "20s" },
		nodeRegistration: { kubeletExtraArgs: { v: "4", "max-pods": "200" } },
	});
});

test("a kubeconfig for the discovery: no endpoint, no pin, a token for TLS alone", async () => {
	const yaml = `${empty}discovery:\n  file: { kubeConfigPath: /etc/kubernetes/discovery.conf }\n`;
	const { contents, join } = await planned(yaml, `KUBEADM_JOIN_TOKEN = ${token}\n`);
	expect(contents).toMatchObject([
		{
			discovery: {
				file: { kubeConfigPath: "/etc/kubernetes/discovery.conf" },
				tlsBootstrapToken: "{secret:kubeadm-join-token}",
			},
		},
	]);
	expect(contents[0].discovery).not.toHaveProperty("bootstrapToken");
	expect(join).toMatchObject({ attempts: [{ configuration: "/run/netherd/join/1.json" }], caCertHashes: [] });
});

test("its own token comes before a file's and the server's; without one those are asked", async () => {
	const withToken = `${empty}discovery: { bootstrapToken: { token: ${token} } }\n`;
	const keys = `${allKeys}KUBEADM_JOIN_TOKEN_FILE = /run/token\n`;
	expect((await planned(withToken, keys)).join?.token).toEqual({ from: "configuration" });
	const { contents, join } = await planned(empty, keys);
	expect(join?.token).toEqual({ from: "file", path: "/run/token" });
	expect(contents[0].discovery.bootstrapToken.token).toBe("{secret:join-token}");
});

test("a pin that the file does without is not added", async () => {
	const yaml = `${empty}discovery: { bootstrapToken: { unsafeSkipCAVerification: true } }\n`;
	const { contents } = await planned(yaml, allKeys);
	expect(contents[0].discovery.bootstrapToken).not.toHaveProperty("caCertHashes");
});

test("what neither says is named, with the key", async () => {
	await expect(planned(empty, "KUBEADM_JOIN_ENDPOINT = a:1\n")).rejects.toMatchObject({
		code: "join.incomplete",
		message: `neither ${path} nor lts.conf says discovery.bootstrapToken.token (KUBEADM_JOIN_TOKEN) or discovery.bootstrapToken.caCertHashes (KUBEADM_JOIN_CA_CERT_HASH)`,
	});
});

describe("refused, with the field", () => {
	test.each([
		[
			"apiVersion: kubeadm.k8s.io/v1beta3x\nkind: JoinConfiguration",
			"apiVersion: kubeadm 1.31 does not read",
		],
		["apiVersion: kubeadm.k8s.io/v1beta2\nkind: JoinConfiguration", "apiVersion: kubeadm 1.31 does not read"],
		[`${empty}discoveri: {}`, "discoveri: there is no such field"],
		[`${empty}nodeRegistration: { nam: x }`, "nodeRegistration.nam: there is no such field"],
		[`${empty}nodeRegistration: x`, "nodeRegistration: has no fields"],
		[`${empty}nodeRegistration: { name: node_7 }`, "nodeRegistration.name: can't be the name"],
		[`${empty}nodeRegistration: { name: 7 }`, "nodeRegistration.name: is no text"],
		[
			`${empty}nodeRegistration: { kubeletExtraArgs: { v: "4" } }`,
			"kubeletExtraArgs: is a list of name and value",
		],
		[
			`${empty}nodeRegistration: { taints: [ { key: a, effect: Never } ] }`,
			"nodeRegistration.taints: the effect",
		],
		[
			`${empty}nodeRegistration: { kubeletExtraArgs: [ { name: node-labels, value: node-role.kubernetes.io/x= } ] }`,
			"node-labels node-role.kubernetes.io/x=: a kubelet with it does not start",
		],
		[
			`${empty}discovery: { bootstrapToken: { apiServerEndpoint: "https://a:1" } }`,
			"apiServerEndpoint: is not HOST:PORT",
		],
		[`${empty}discovery: { bootstrapToken: { caCertHashes: [ "sha256:1" ] } }`, "caCertHashes: is no list"],
		[
			`${empty}discovery: { bootstrapToken: {}, file: { kubeConfigPath: /x } }`,
			"has bootstrapToken and file",
		],
		[`${empty}discovery: { file: { kubeConfigPath: http://x } }`, "kubeConfigPath: is neither"],
		[`${empty}discovery: { timeout: 5m }`, "discovery.timeout: is timeouts.discovery"],
		[`${empty}timeouts: { discovery: 20 }`, "timeouts.discovery: is no duration"],
		[`${empty}dryRun: true`, "dryRun: the node would never join"],
	])("%j", async (yaml, message) => {
		await expect(planned(yaml, allKeys)).rejects.toMatchObject({
			code: "join.bad-configuration",
			message: expect.stringContaining(`${path}: `),
		});
		await expect(planned(yaml, allKeys)).rejects.toMatchObject({ message: expect.stringContaining(message) });
	});

	test("a malformed token, which nobody gets to see", async () => {
		const error = await planned(
			`${empty}discovery: { bootstrapToken: { token: abcdef.0123 } }`,
			allKeys,
		).catch((one) => one);
		expect(error).toMatchObject({ code: "join.bad-configuration" });
		expect(describeError(error)).toContain("discovery.bootstrapToken.token: is no bootstrap token");
		expect(describeError(error)).not.toContain("0123");
	});
});

test("a node that has joined is looked at, whatever the file has become", async () => {
	const { contents, join } = await planned(`${empty}nonsense: 1\n`, "", { joined: true });
	expect([contents, join?.attempts, join?.nodeName]).toEqual([[], [], "node7"]);
});
