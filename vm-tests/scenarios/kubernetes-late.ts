import { ClusterFarm, readyLimit } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes } from "../kubernetes/node-checks.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";

const apiServerDownSeconds = 60;

export default scenario(
	"kubernetes-late",
	"real Kubernetes: no API server for a minute, then a token that has expired; renewed, and the node is Ready",
	{
		async run(stage) {
			let token = "";
			await using cluster = await ClusterFarm.create(stage, (made) => ltsConfFor(made, { token }));
			const { controlPlane } = cluster;
			await controlPlane.start();
			token = await controlPlane.createExpiredToken();
			cluster.changeConfiguration(ltsConfFor(controlPlane, { token }));
			await controlPlane.stopApiServer();
			const node = await cluster.powerOn();
			const { console } = node.machine;

			stage.say("until the node says that it waits for the API server");
			const { atMs } = await console.waitFor(consoleTexts.waitsForApiServer, readyLimit);
			stage.say(`the API server stays away until ${apiServerDownSeconds} s after that`);
			await new Promise((resolve) => setTimeout(resolve, apiServerDownSeconds * 1000));
			await stage.check(
				"the boot went on without it: the node is up, and its join goes on trying",
				async () => {
					const { stdout } = await node.machine.guest.run("systemctl is-active netherd-join containerd");
					if (stdout !== "activating\nactive\n") throw new Error(stdout);
				},
			);
			await controlPlane.startApiServer();

			stage.say("until the node says that the cluster does not know the token");
			const refused = await console.waitFor(consoleTexts.tokenUnknown, readyLimit);
			stage.say(`it said so ${((refused.atMs - atMs) / 1000).toFixed(0)} s after it began to wait`);
			await stage.check("the node has not joined", async () => {
				if (await cluster.isReady(node.name)) throw new Error("it is Ready");
			});
			await controlPlane.createToken(token, { timeToLiveSeconds: 3600 });

			stage.say("the same token is good again: until the node is Ready, without a reboot");
			await cluster.ready(node);
			await checkReadyNodes(stage, cluster, [node]);
		},
	},
);
