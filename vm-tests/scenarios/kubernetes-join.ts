import assert from "node:assert/strict";
import { ClusterFarm } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor, nodeLabel } from "../kubernetes/lts-conf.ts";
import { tokenSearch } from "../kubernetes/token-search.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"kubernetes-join",
	"real Kubernetes: a node becomes Ready with label and taint; the token is nowhere; after a hard reset it is back",
	{
		async run(stage) {
			await using cluster = await ClusterFarm.create(stage, ltsConfFor, {
				nodeMonitorGracePeriodSeconds: 16,
			});
			const { controlPlane } = cluster;
			const [node] = await Promise.all([cluster.powerOn(), controlPlane.start()]);

			stage.say("until the node is Ready");
			await cluster.ready(node);
			const list = await cluster.showNodes();
			await stage.check("node1 is Ready, of the version that joined, with its label", () => {
				assert.match(list, /^node1 +Ready /m);
				assert.ok(list.includes(nodeLabel));
			});
			await stage.check("it has its taint", async () => {
				const taints = await controlPlane.kubectl(
					"get",
					"node",
					"node1",
					"--output=jsonpath={.spec.taints[*]}",
				);
				assert.equal(taints, '{"effect":"PreferNoSchedule","key":"netherd.test/spare","value":"yes"}');
			});
			await stage.checkGuest(node, tokenSearch(controlPlane.token));
		},
	},
);
