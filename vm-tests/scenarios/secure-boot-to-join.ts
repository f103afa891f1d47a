import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"secure-boot-to-join",
	"OVMF with Secure Boot on and the usual keys, Debian's shim, GRUB and kernel, agent join",
	{
		before: { ...joiningNode, firmware: "uefi-secure-boot", loader: "grub" },
		async run(stage) {
			const node = await stage.boot();
			await checkJoinedNode(stage, node);
			await stage.checkGuest(node, [
				grubLoadedKernel,
				{
					what: "the kernel says that Secure Boot is on",
					run: "dmesg | grep -o 'secureboot: Secure boot enabled'",
					prints: "secureboot: Secure boot enabled",
				},
				{
					what: "the kernel is locked down",
					run: "cat /sys/kernel/security/lockdown",
					prints: /\[(integrity|confidentiality)\]/,
				},
			]);
		},
	},
);
