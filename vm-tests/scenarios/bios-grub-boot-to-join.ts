import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningConfiguration, joiningNode } from "../lib/states.ts";

export default scenario("bios-grub-boot-to-join", "BIOS, GRUB instead of iPXE, agent join", {
	before: {
		...joiningNode,
		ltsConf: `${joiningConfiguration}KERNEL_PARAMETERS = "netherd_test=\\"of this node\\""\n`,
		loader: "grub",
	},
	async run(stage) {
		const node = await stage.boot();
		await checkJoinedNode(stage, node);
		await stage.checkGuest(node, [
			grubLoadedKernel,
			{
				what: "KERNEL_PARAMETERS of lts.conf, a word with a blank in it too",
				run: "grep -o '.netherd_test=.*' /proc/cmdline; ! grep 'is not on this' /run/netherd/agent.log",
				prints: '"netherd_test=of this node"',
			},
		]);
	},
});
