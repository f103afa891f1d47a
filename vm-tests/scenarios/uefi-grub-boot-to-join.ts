import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningUefiNode } from "../lib/states.ts";

export default scenario("uefi-grub-boot-to-join", "OVMF, shim and GRUB with Secure Boot off, agent join", {
	before: { ...joiningUefiNode, loader: "grub" },
	async run(stage) {
		const node = await stage.boot();
		await checkJoinedNode(stage, node);
		await stage.checkGuest(node, [
			grubLoadedKernel,
			{
				what: "Secure Boot is off",
				run: "dmesg | grep -c 'secureboot: Secure boot enabled'; true",
				prints: "0",
			},
		]);
	},
});
