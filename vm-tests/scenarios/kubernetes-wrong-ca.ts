import assert from "node:assert/strict";
import { ClusterFarm, readyLimit } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../kubernetes/lts-conf.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";

const wrongHash = `sha256:${"0123456789abcdef".repeat(4)}`;

export default scenario(
	"kubernetes-wrong-ca",
	"real Kubernetes: the hash in lts.conf is of another CA; the join ends, says so by name, and the node stays out",
	{
		async run(stage) {
			await using cluster = await ClusterFarm.create(stage, (made) =>
				ltsConfFor(made, { caCertHash: wrongHash }),
			);
			const [node] = await Promise.all([cluster.powerOn(), cluster.controlPlane.start()]);

			stage.say("until the node says that its join has failed");
			await node.machine.console.waitFor(consoleTexts.caMismatch, readyLimit);
			const list = await cluster.showNodes();
			await stage.check("the cluster has no node", () => assert.equal(list, ""));
			await stage.checkGuest(node, [
				{
					what: "the unit has failed, and does not try again",
					run: "until systemctl is-failed --quiet netherd-join; do sleep 0.5; done; systemctl is-failed netherd-join",
					prints: "failed",
				},
				{
					what: "agent status names the error, and the hash that the cluster has",
					run: "netherd-agent status || true",
					prints: new RegExp(`(?=[\\s\\S]*join\\.ca-mismatch)[\\s\\S]*${cluster.controlPlane.caCertHash}`),
				},
				{
					what: "no credentials are left on the node",
					run: "ls /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf 2>/dev/null || true",
					prints: "",
				},
			]);
			const status = await node.machine.guest.run("netherd-agent status");
			for (const line of status.stdout.trimEnd().split("\n")) stage.say(`agent status: ${line}`);
			await cluster.saveJournal(node);
		},
	},
);
