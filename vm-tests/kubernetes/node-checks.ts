import assert from "node:assert/strict";
import type { GuestCheck, ScenarioStage } from "../lib/scenario.ts";
import type { ClusterFarm, ClusterNode } from "./cluster-farm.ts";
import { nodeLabel } from "./lts-conf.ts";

/** Shows the node list and checks that each of these nodes is in it as its lts.conf says. */
export async function checkReadyNodes(
	stage: ScenarioStage,
	cluster: ClusterFarm,
	nodes: readonly ClusterNode[],
	label = nodeLabel,
): Promise<void> {
	const list = await cluster.showNodes();
	for (const [index, node] of nodes.entries()) {
		const { name } = node;
		await cluster.saveJournal(node);
		await stage.check(`${name} is Ready, with its address and label`, () => {
			const line = list.split("\n").find((text) => text.startsWith(`${name} `)) ?? "";
			assert.match(line, / Ready /);
			assert.match(line, new RegExp(` 192\\.168\\.67\\.1${index + 1} `));
			assert.ok(line.includes(label), line);
		});
		await stage.check(`${name} has its taint`, async () => {
			const taints = await cluster.controlPlane.kubectl(
				"get",
				"node",
				name,
				"--output=jsonpath={.spec.taints}",
			);
			assert.deepEqual(JSON.parse(taints), [
				{ effect: "PreferNoSchedule", key: "netherd.test/spare", value: "yes" },
			]);
		});
	}
}

/** What kubelet and containerd run on. */
export const runsWhereNodesRun: readonly GuestCheck[] = [
	{
		what: "the folders of containerd and kubelet are no part of the overlay",
		run: "stat --file-system --format '%n %T' /var/lib/containerd /var/lib/kubelet",
		prints: "/var/lib/containerd tmpfs\n/var/lib/kubelet tmpfs",
	},
	{
		what: "control groups are of version 2, and containerd's are systemd's",
		run: "stat --file-system --format %T /sys/fs/cgroup; containerd config dump | grep SystemdCgroup",
		prints: /^cgroup2fs\n +SystemdCgroup = true$/,
	},
	{ what: "there is no swap", run: "swapon --noheadings", prints: "" },
	{
		what: "packets are forwarded, and those on bridges are filtered",
		run: "sysctl --values net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables",
		prints: "1\n1",
	},
	{
		what: "the kubelet began anew with its certificate, once",
		run: "systemctl is-active netherd-kubelet-certificate.service; journalctl --quiet --unit netherd-kubelet-certificate | grep -c Finished",
		prints: "active\n1",
	},
	{
		what: "the join's unit is active once the node has seen that it is Ready; no unit has failed",
		run: "timeout 200 sh -c 'until systemctl is-active --quiet netherd-join; do sleep 0.5; done'; systemctl is-active containerd kubelet netherd-join; systemctl --failed --no-legend",
		prints: "active\nactive\nactive",
	},
];
