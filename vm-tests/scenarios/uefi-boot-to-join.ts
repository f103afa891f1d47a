import { checkJoinedNode } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario("uefi-boot-to-join", "the same machine with UEFI firmware", {
	before: { ...joiningNode, firmware: "uefi" },
	async run(stage) {
		const node = await stage.boot();
		await checkJoinedNode(stage, node);
		await stage.checkGuest(node, [
			{ what: "the kernel was started by UEFI", run: "test -d /sys/firmware/efi", prints: "" },
		]);
	},
});
