import assert from "node:assert/strict";
import { bootLimit, momentLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"wrong-export",
	"an NBD export that the server does not have: named error, countdown, reboot",
	{
		before: {
			...joiningNode,
			ltsConf: `[default]
ON_FAILURE_DELAY = 7s
# Without this line the companion's HTTP would stand in.
IMAGE_SOURCES = nbd://192.168.67.1/no-such-image
`,
		},
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until the boot fails");
			await console.waitFor(consoleTexts.bootFailed, bootLimit);
			await stage.check("the console names the error and the export", async () => {
				await console.waitFor("[nbd.unknown-export]", momentLimit);
				await console.waitFor("no-such-image", momentLimit);
			});
			await stage.check("the console says what to do", async () => {
				await console.waitFor(consoleTexts.hint, momentLimit);
			});
			await stage.check("it counts down from ON_FAILURE_DELAY", async () => {
				await console.waitFor("netherd: reboot in 7 s", momentLimit);
				await console.waitFor("netherd: reboot in 2 s", bootLimit);
			});
			await stage.check("the machine reboots, not before the countdown is over", async () => {
				await node.machine.rebooted(bootLimit);
				const said = console.lines.flatMap(({ text }) => /netherd: (reboot in \d+ s)/.exec(text)?.[1] ?? []);
				// Whether the last words of all get out before the reset is a matter of luck.
				assert.deepEqual(said, ["reboot in 7 s", "reboot in 2 s"]);
			});
			await stage.check("the firmware starts again", async () => {
				const fromLine = console.lines.findIndex(({ text }) => text.includes(consoleTexts.rebooting));
				await console.waitFor(/SeaBIOS|iPXE/, { ...bootLimit, fromLine });
			});
			await stage.check("the server logged the refusal and the node's report", async () => {
				await node.companion.waitFor("nbd.refused", ({ event }) => event === "nbd.refused", momentLimit);
				await node.companion.waitFor(
					"boot-failed with its code",
					(event) =>
						event.event === "node.report" &&
						"code" in event.report &&
						event.report.code === "nbd.unknown-export",
					momentLimit,
				);
			});
		},
	},
);
