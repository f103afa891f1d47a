import { ClusterFarm } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes, runsWhereNodesRun } from "../kubernetes/node-checks.ts";
import { tokenSearch } from "../kubernetes/token-search.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"kubernetes-join",
	"real Kubernetes: a node becomes Ready with its label and taint, and its token is nowhere to be found",
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
		},
	},
);
