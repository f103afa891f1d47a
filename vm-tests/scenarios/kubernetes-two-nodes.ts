import { ClusterFarm } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes } from "../kubernetes/node-checks.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"kubernetes-two-nodes",
	"real Kubernetes: two nodes that are powered on at once become Ready, each under its name",
	{
		async run(stage) {
			await using cluster = await ClusterFarm.create(stage, ltsConfFor);
			const nodes = [await cluster.powerOn(), await cluster.powerOn()];
			await cluster.controlPlane.start();

			stage.say("until both nodes are Ready");
			await Promise.all(nodes.map(async (node) => await cluster.ready(node)));
			await checkReadyNodes(stage, cluster, nodes);
		},
	},
);
