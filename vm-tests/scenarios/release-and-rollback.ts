import { rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../server/programs.ts";
import { promote, rollback } from "../../server/releases/promote.ts";
import { BootedNode, bootLimit, machineIdentity } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { type ScenarioStage, scenario } from "../lib/scenario.ts";
import { memoryMiB } from "../lib/states.ts";
import { treeWithTwoVersions } from "../lib/two-versions.ts";

const image = "test";

export default scenario(
	"release-and-rollback",
	"a pinned node follows its image: promote, boot, rollback, boot; the version inside the node each time",
	{
		async run(stage) {
			const { tree, first, second } = await treeWithTwoVersions(stage);
			const flock = findProgram("flock");
			await promote(tree, { image, version: second }, { flock, isToVerify: true });

			const state = {
				firmware: "bios",
				memoryMiB,
				ltsConf: "[default]\n",
				// With a pin iPXE is asked for its MAC address first.
				pins: [`${machineIdentity.hostname} = ${image}`],
			} as const;
			await using node = await BootedNode.boot(
				state,
				{ ...stage.setup, bootTree: tree },
				join(stage.folder, "boot"),
			);
			stage.say("until the promoted version runs");
			await node.unlessBootFails(node.machine.guest.output(systemRuns, bootLimit));
			await checkVersion(stage, node, second);

			rollback(node.tree, image, { flock });
			await stage.check("the node that is up does not notice the rollback", async () => {
				await node.machine.guest.output("cat /usr/sbin/init >/dev/null && touch /root/still-writable");
			});
			const fromLine = await node.reset();
			stage.say("until the version from before runs");
			await node.unlessBootFails(
				node.machine.console.waitFor(consoleTexts.initDone, { ...bootLimit, fromLine }),
			);
			await node.unlessBootFails(node.machine.guest.output(systemRuns, bootLimit));
			await checkVersion(stage, node, first);
			rmSync(tree, { recursive: true });
		},
	},
);

async function checkVersion(stage: ScenarioStage, node: BootedNode, version: string): Promise<void> {
	await stage.checkGuest(node, [
		{
			what: `kernel command line: ${version}`,
			run: "grep -o 'netherd.image=[^ ]*' /proc/cmdline",
			prints: `netherd.image=${image}/${version}`,
		},
		{
			what: `the manifest that the image was checked against: ${version}`,
			run: `grep -c '"version": *"${version}"' /run/netherd/initramfs/facts.json`,
			prints: /^[1-9]/,
		},
	]);
	await stage.check(`the companion's log says why: ${version}`, () => {
		const found = node.companion
			.events()
			.findLast((event) => event.event === "boot.chosen" && event.mac === machineIdentity.mac);
		if (found?.event === "boot.chosen" && found.version === version && found.because.startsWith("[pins]"))
			return;
		throw new Error(`it logged ${JSON.stringify(found)}`);
	});
}

const systemRuns = "until systemctl is-active --quiet sysinit.target; do sleep 0.3; done";
