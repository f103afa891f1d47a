import { checkJoinedNode } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"bios-boot-to-join",
	"SeaBIOS, iPXE, image into RAM, configured system, kubeadm join",
	{
		before: joiningNode,
		sharesBoot: true,
		async run(stage) {
			const node = await stage.boot();
			await checkJoinedNode(stage, node);
		},
	},
);
