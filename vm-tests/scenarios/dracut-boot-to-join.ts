import { join } from "node:path";
import { checkJoinedNode } from "../lib/after-join.ts";
import { BootedNode, momentLimit } from "../lib/booted-node.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";
import { variantTree } from "../lib/variant-image.ts";

export default scenario(
	"dracut-boot-to-join",
	"Debian with dracut in the place of initramfs-tools: the same agent, the same boot, the same node",
	{
		async run(stage) {
			const tree = await variantTree({ name: "dracut-test", initramfs: "dracut" }, stage);
			await using node = await BootedNode.boot(
				joiningNode,
				{ ...stage.setup, bootTree: tree },
				join(stage.folder, "boot"),
			);
			await checkJoinedNode(stage, node);
			await stage.check("dracut made the initramfs", async () => {
				await node.machine.console.waitFor(/dracut: dracut-\d/, momentLimit);
			});
			await stage.checkGuest(node, [
				{
					what: "the system has dracut, and no initramfs-tools",
					run: "command -v dracut; command -v mkinitramfs || echo no mkinitramfs",
					prints: "/usr/bin/dracut\nno mkinitramfs",
				},
			]);
		},
	},
);
