import assert from "node:assert/strict";
import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"uefi-http-boot-to-join",
	"OVMF with Secure Boot on boots over HTTP alone: Debian's shim, GRUB and kernel, agent join",
	{
		before: { ...joiningNode, firmware: "uefi-secure-boot", loader: "grub", bootsOver: "http" },
		async run(stage) {
			const node = await stage.boot();
			await checkJoinedNode(stage, node);
			await stage.checkGuest(node, [grubLoadedKernel]);
			await stage.check("shim, GRUB and its first script came over HTTP, and nothing over TFTP", () => {
				const events = node.companion.events();
				const paths = events.flatMap((event) =>
					event.event === "http.request" && event.method === "GET" && event.status === 200
						? event.path.replace(/\?.*/, "")
						: event.event.startsWith("tftp.")
							? event.event
							: [],
				);
				const [shim, grub, script, menu] = paths;
				assert.deepEqual(
					[shim, grub, script, menu],
					["/loader/shimx64.efi", "/loader/grubx64.efi", "/grub/grub.cfg", "/boot.grub"],
				);
				assert.deepEqual(
					paths.filter((path) => path.startsWith("tftp.")),
					[],
				);
			});
		},
	},
);
