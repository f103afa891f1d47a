import assert from "node:assert/strict";
import { bootLimit, momentLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"altered-lts-conf",
	"an lts.conf that was changed after it was signed is refused by name; once it is signed, nodes come up",
	{
		before: {
			...joiningNode,
			ltsConf: '[default]\nPREINIT_01 = "touch /etc/preinit-ran"\n',
			signatures: "of another lts.conf",
		},
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until the boot fails");
			await console.waitFor(consoleTexts.bootFailed, bootLimit);
			await stage.check("the console names the error and the file", async () => {
				await console.waitFor("/lts.conf is not what key", momentLimit);
				await console.waitFor("[trust.signature-wrong]", momentLimit);
			});
			await stage.check("the console says what to do", async () => {
				await console.waitFor(consoleTexts.hint, momentLimit);
			});
			await stage.check("the server heard of it", async () => {
				await node.companion.waitFor(
					"boot-failed with its code",
					(event) =>
						event.event === "node.report" &&
						"code" in event.report &&
						event.report.code === "trust.signature-wrong",
					momentLimit,
				);
			});
			await stage.check("not one byte of the image was fetched", () => {
				assert.deepEqual(
					node.companion.events().filter(({ event }) => event === "nbd.opened"),
					[],
				);
			});

			node.signConfiguration();
			const fromLine = console.lines.length;
			stage.say("until the node has rebooted and its system is configured");
			await console.waitFor(consoleTexts.configurationSigned, { ...bootLimit, fromLine });
			await node.unlessBootFails(console.waitFor(consoleTexts.initDone, { ...bootLimit, fromLine }));
			await stage.checkGuest(node, [
				{ what: "what it says was done", run: "test -e /etc/preinit-ran && echo done", prints: "done" },
				{
					what: "the facts of the boot name who signed",
					run: "grep -c signedBy /run/netherd/initramfs/facts.json",
					prints: "2",
				},
			]);
		},
	},
);
