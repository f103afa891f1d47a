import { describe, expect, test } from "vitest";
import { commandOf, kubeadmConfiguration } from "../../../vm-tests/kubernetes/kubeadm-configuration.ts";

const place = { address: "192.0.2.1", port: 6443, token: "abcdef.0123456789abcdef" };
const documentsOf = (text: string) =>
	text
		.split("---\n")
		.filter((part) => part !== "")
		.map((part) => JSON.parse(part) as Readonly<Record<string, unknown>>);

describe("the configuration for kubeadm init", () => {
	test.each([
		["v1.20.2", "kubeadm.k8s.io/v1beta2", { "leader-elect": "false", "node-monitor-grace-period": "12s" }],
		["v1.30.4", "kubeadm.k8s.io/v1beta3", { "leader-elect": "false", "node-monitor-grace-period": "12s" }],
		[
			"v1.31.0",
			"kubeadm.k8s.io/v1beta4",
			[
				{ name: "leader-elect", value: "false" },
				{ name: "node-monitor-grace-period", value: "12s" },
			],
		],
	])("is for the kubeadm that is there: %s reads %s", (version, apiVersion, extraArgs) => {
		const documents = documentsOf(
			kubeadmConfiguration({ ...place, version, nodeMonitorGracePeriodSeconds: 12 }),
		);
		expect(documents.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
			`${apiVersion} InitConfiguration`,
			`${apiVersion} ClusterConfiguration`,
			"kubelet.config.k8s.io/v1beta1 KubeletConfiguration",
		]);
		expect(documents[1]).toMatchObject({ kubernetesVersion: version, controllerManager: { extraArgs } });
	});

	test("leaves a cluster that nobody tunes as it is", () => {
		const [, cluster, kubelet] = documentsOf(kubeadmConfiguration({ ...place, version: "v1.20.2" }));
		expect(cluster).toMatchObject({ controllerManager: { extraArgs: { "leader-elect": "false" } } });
		expect(cluster).not.toHaveProperty(["controllerManager", "extraArgs", "node-monitor-grace-period"]);
		expect(kubelet).not.toHaveProperty("nodeLeaseDurationSeconds");
	});
});

test("the command of a static pod is read from its manifest", () => {
	const manifest = `apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - etcd
    - --data-dir=/var/lib/etcd
    - '--quoted=a b'
    image: example.org/etcd:1
`;
	expect(commandOf(manifest)).toEqual(["etcd", "--data-dir=/var/lib/etcd", "--quoted=a b"]);
	expect(commandOf("kind: Pod\n")).toEqual([]);
});
