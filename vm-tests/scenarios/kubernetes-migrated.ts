import assert from "node:assert/strict";
import { migrateLtsConf } from "../../agent/config/migrate/migrate.ts";
import { newestApi } from "../../agent/join/kubeadm-api.ts";
import { ClusterFarm } from "../kubernetes/cluster-farm.ts";
import type { ControlPlane } from "../kubernetes/control-plane.ts";
import { nodeLabel, nodeTaint } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes, runsWhereNodesRun } from "../kubernetes/node-checks.ts";
import { tokenSearch } from "../kubernetes/token-search.ts";
import { scenario } from "../lib/scenario.ts";

/** Of the farm's network, and nobody's. */
const nobody = "192.168.67.99:6443";

export default scenario(
	"kubernetes-migrated",
	"real Kubernetes: LTSP 5's lts.conf, migrated; the companion's token, a JoinConfiguration in the image",
	{
		async run(stage) {
			await using cluster = await ClusterFarm.create(stage, configurationFor);
			const { controlPlane } = cluster;
			const [node] = await Promise.all([cluster.powerOn(), controlPlane.start()]);

			stage.say("until the node is Ready");
			await cluster.ready(node);
			await checkReadyNodes(stage, cluster, [node]);
			await stage.check("labels of lts.conf came to those of the image's JoinConfiguration", async () => {
				const path = "--output=jsonpath={.metadata.labels.netherd\\.test/kind}";
				assert.equal(await controlPlane.kubectl("get", "node", node.name, path), "own");
			});
			await stage.checkGuest(node, [
				...runsWhereNodesRun,
				...tokenSearch(controlPlane.token),
				{
					what: "rc.local has what stood beside kubeadm join, and nothing of that",
					run: "grep -c 'ip route add unreachable' /etc/rc.local; grep -c kubeadm /etc/rc.local || true",
					prints: "1\n0",
				},
			]);
		},
	},
);

/** As a farm of LTSP 5 joins; migrated, then with what only keys can say. */
function configurationFor(cluster: ControlPlane): string {
	const line = `kubeadm join ${cluster.endpoint} --token ${cluster.token} --discovery-token-ca-cert-hash ${cluster.caCertHash}`;
	const { text, findings, migrated } = migrateLtsConf(
		`[default]\nRCFILE_1 = "ip route add unreachable 169.254.0.0/16; ${line} || true"\n`,
		"lts.conf",
	);
	assert.deepEqual([findings, migrated], [[], 1]);
	const own = `{apiVersion: ${newestApi(cluster.minor).apiVersion}, kind: JoinConfiguration, nodeRegistration: {kubeletExtraArgs: ${ownArguments(cluster.minor)}}}`;
	return `${text
		.replace(cluster.endpoint, `${nobody} ${cluster.endpoint}`)
		.replace(`"${cluster.token}"`, "server")}
INIT_COMMAND_1 = "mkdir -p /etc/kubernetes; echo '${own}' > /etc/kubernetes/join.yaml"
KUBEADM_JOIN_CONFIG = /etc/kubernetes/join.yaml
KUBERNETES_LABEL_RACK = "${nodeLabel}"
KUBERNETES_TAINT_SPARE = "${nodeTaint}"
NODE_IP = $IPV4ADDR
`;
}

function ownArguments(minor: number): string {
	const labels = "netherd.test/kind=own";
	return newestApi(minor).hasArgumentList
		? `[{name: node-labels, value: ${labels}}]`
		: `{node-labels: ${labels}}`;
}
