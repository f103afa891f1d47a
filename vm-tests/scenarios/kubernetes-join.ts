import assert from "node:assert/strict";
import { ClusterFarm, readyLimit } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor, otherNodeLabel } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes, runsWhereNodesRun } from "../kubernetes/node-checks.ts";
import { checkPodRuns } from "../kubernetes/pod.ts";
import { tokenSearch } from "../kubernetes/token-search.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"kubernetes-join",
	"real Kubernetes: a node becomes Ready, its token is nowhere; after a hard reset it is Ready again",
	{
		async run(stage) {
			await using cluster = await ClusterFarm.create(stage, ltsConfFor, {
				nodeMonitorGracePeriodSeconds: 16,
			});
			const { controlPlane } = cluster;
			const [node] = await Promise.all([cluster.powerOn(), controlPlane.start()]);

			stage.say("until the node is Ready");
			await cluster.ready(node);
			await checkReadyNodes(stage, cluster, [node]);
			await stage.checkGuest(node, [...runsWhereNodesRun, ...tokenSearch(controlPlane.token)]);
			await checkPodRuns(stage, cluster, node);

			stage.say(
				"another label in lts.conf; hard reset, while the cluster does not see that a node is silent",
			);
			cluster.changeConfiguration(ltsConfFor(controlPlane, { label: otherNodeLabel }));
			const before = await cluster.bootId(node.name);
			await controlPlane.stopControllerManager();
			const fromLine = await node.machine.reset();
			await node.machine.console.waitFor(consoleTexts.nameReady, { ...readyLimit, fromLine });
			await stage.check("the join waits as long as the cluster takes the old node for Ready", async () => {
				assert.equal(await cluster.isReady(node.name), true);
				assert.equal(await cluster.bootId(node.name), before);
			});

			stage.say("until the cluster has noticed, and the node is Ready again");
			controlPlane.startControllerManager();
			await cluster.ready(node, { otherThanBoot: before });
			// Kubernetes keeps the old Node's labels when its machine joins again.
			await node.machine.console.waitFor(consoleTexts.labelsSet, { ...readyLimit, fromLine });
			await checkReadyNodes(stage, cluster, [node], otherNodeLabel);
		},
	},
);
