import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScenarioStage } from "../lib/scenario.ts";
import type { ClusterFarm, ClusterNode } from "./cluster-farm.ts";
import { containerImageFile, testContainerImage } from "./container-image.ts";

/** Starting a container takes 5 s on an idle host without KVM. */
const podLimitMs = 400_000;

/**
 * Runs a pod on a node: its layers lie on the node's tmpfs, its address is of the node's network, and the cluster gets its
 * words. There is no scheduler, so the pod names its node.
 */
export async function checkPodRuns(
	stage: ScenarioStage,
	cluster: ClusterFarm,
	node: ClusterNode,
): Promise<void> {
	const { controlPlane } = cluster;
	stage.say("until a pod runs on the node");
	await node.machine.guest.output(importImage);
	await controlPlane.apply({
		apiVersion: "v1",
		kind: "Pod",
		metadata: { name: "test", namespace: "default" },
		spec: {
			nodeName: node.name,
			automountServiceAccountToken: false,
			containers: [
				{
					name: "test",
					image: testContainerImage,
					imagePullPolicy: "Never",
					command: ["/bin/sh", "-c", "echo written >/file && cat /file && exec busybox sleep 1000000"],
				},
			],
		},
	});
	const running = await podIsRunning(cluster);
	const list = await controlPlane.kubectl("get", "pod", "--output=wide");
	for (const line of ["kubectl get pod -o wide", ...list.split("\n")]) stage.say(line);
	await stage.check("the pod runs, with an address of the node's network", () => {
		assert.ok(running);
		assert.match(list, /^test +1\/1 +Running .* 10\.244\.0\.\d+ +node1 /m);
	});
	await stage.check("it writes to its own layer, and the cluster gets its log from the node", async () => {
		assert.equal(await podLog(cluster), "written");
	});
	await stage.checkGuest(node, [
		{
			what: "containers are overlays on containerd's tmpfs, below systemd's control groups",
			run: `findmnt --noheadings --list --output FSTYPE,OPTIONS | grep -c '^overlay.*upperdir=/var/lib/containerd/'; systemctl is-active kubepods.slice`,
			prints: "2\nactive",
		},
		{
			what: "what kubeadm reset would do ends the pod and leaves nothing of it: crictl pods, stopp, rmp",
			run: `systemctl stop kubelet; pods=$(crictl pods --quiet); echo "$pods" | wc -w; crictl stopp $pods; until crictl rmp $pods; do sleep 1; done; crictl pods -q; ctr --namespace k8s.io containers list --quiet`,
			prints: "1",
		},
	]);
}

/** Also under the name by which containerd calls the container that holds a pod's namespaces. */
const importImage = `set -e
ctr --namespace k8s.io images import /${containerImageFile}
pause=$(containerd config dump | sed -n 's/^ *sandbox_image = "\\(.*\\)"$/\\1/p')
ctr --namespace k8s.io images tag ${testContainerImage} "$pause"`;

/** Its first words; a container runs a moment before its program says something. */
async function podLog({ controlPlane }: ClusterFarm): Promise<string> {
	const deadlineMs = performance.now() + podLimitMs;
	for (;;) {
		const words = await controlPlane.kubectl("logs", "test");
		if (words !== "" || performance.now() > deadlineMs) return words;
		await sleep(500);
	}
}

async function podIsRunning({ controlPlane }: ClusterFarm): Promise<boolean> {
	const deadlineMs = performance.now() + podLimitMs;
	while (performance.now() < deadlineMs) {
		if ((await controlPlane.kubectl("get", "pod", "test", "--output=jsonpath={.status.phase}")) === "Running")
			return true;
		await sleep(500);
	}
	return false;
}
