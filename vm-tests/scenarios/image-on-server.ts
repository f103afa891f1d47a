import { checkJoinedNode } from "../lib/after-join.ts";
import { type GuestCheck, scenario } from "../lib/scenario.ts";
import { joiningConfiguration, joiningNode } from "../lib/states.ts";

const imageOnServer: readonly GuestCheck[] = [
	{
		what: "the image is the network block device, read-only",
		run: "findmnt --noheadings --output SOURCE /rofs; cat /sys/block/nbd0/ro",
		prints: "/dev/nbd0\n1",
	},
	{ what: "no copy of it is in RAM", run: "test ! -e /run/netherd/image && echo none", prints: "none" },
	{
		what: "the whole image can be read",
		run: "find /rofs -type f -print0 | xargs -0 cat >/dev/null",
		prints: "",
	},
];

export default scenario(
	"image-on-server",
	"with LTSP_NBD_TO_RAM off the image stays on the server, and the node reads it through the kernel's nbd",
	{
		before: { ...joiningNode, ltsConf: `${joiningConfiguration}LTSP_NBD_TO_RAM = false\n` },
		async run(stage) {
			const node = await stage.boot();
			await checkJoinedNode(stage, node, imageOnServer);
		},
	},
);
