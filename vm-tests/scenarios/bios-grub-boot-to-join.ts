import { rmSync } from "node:fs";
import { join } from "node:path";
import { checkJoinedNode, grubLoadedKernel } from "../lib/after-join.ts";
import { BootedNode, bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningConfiguration, joiningNode } from "../lib/states.ts";
import { treeWithTwoVersions } from "../lib/two-versions.ts";

/** Down, as in Emacs, which is one byte, and Enter (GRUB's manual, "Using the menu interface"). */
const nextEntry = "\x0e\r";

const state = {
	...joiningNode,
	ltsConf: `${joiningConfiguration}KERNEL_PARAMETERS = "netherd_test=\\"of this node\\""\n`,
	loader: "grub",
} as const;

export default scenario(
	"bios-grub-boot-to-join",
	"BIOS, GRUB instead of iPXE, another version chosen in its menu, agent join",
	{
		async run(stage) {
			const { tree, first, second } = await treeWithTwoVersions(stage);
			const folder = join(stage.folder, "boot");
			await using node = await BootedNode.boot(state, { ...stage.setup, bootTree: tree }, folder);
			const { machine } = node;
			stage.say("until GRUB shows its menu");
			await stage.check("the menu has both versions, the current one first", async () => {
				await machine.console.waitFor(new RegExp(`\\*netherd: test ${first}$`), bootLimit);
				await machine.console.waitFor(`netherd: test ${second}`, bootLimit);
				await machine.console.waitFor(consoleTexts.grubCountdown, bootLimit);
			});
			machine.type(nextEntry);
			await checkJoinedNode(stage, node);
			await stage.checkGuest(node, [
				grubLoadedKernel,
				{
					what: "the version that was chosen at the console",
					run: "grep -o 'netherd.image=[^ ]*' /proc/cmdline",
					prints: `netherd.image=test/${second}`,
				},
				{
					what: "KERNEL_PARAMETERS of lts.conf, a word with a blank in it too",
					run: "grep -o '.netherd_test=.*' /proc/cmdline; ! grep 'is not on this' /run/netherd/agent.log",
					prints: '"netherd_test=of this node"',
				},
			]);
			rmSync(tree, { recursive: true });
		},
	},
);
