import { checkJoinedNode } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningUefiNode } from "../lib/states.ts";

export default scenario("uefi-boot-to-join", "OVMF, iPXE, image into RAM, configured system, agent join", {
	before: joiningUefiNode,
	sharesBoot: true,
	async run(stage) {
		const node = await stage.boot();
		await checkJoinedNode(stage, node);
		await stage.checkGuest(node, [
			{ what: "the kernel was started by UEFI", run: "test -d /sys/firmware/efi", prints: "" },
			{
				what: "the join's unit, started again, finds that the node has joined, and runs no kubeadm",
				run: "systemctl restart netherd-join; systemctl is-active netherd-join; wc -l </run/netherd-stand-in/kubeadm.jsonl",
				prints: "active\n1",
			},
		]);
	},
});
