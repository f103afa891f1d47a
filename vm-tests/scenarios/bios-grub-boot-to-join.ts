import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario("bios-grub-boot-to-join", "BIOS, GRUB instead of iPXE, agent join", {
	before: { ...joiningNode, loader: "grub" },
	async run(stage) {
		const node = await stage.boot();
		await checkJoinedNode(stage, node);
		await stage.checkGuest(node, [grubLoadedKernel]);
	},
});
