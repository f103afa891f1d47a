import assert from "node:assert/strict";
import { bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"image-larger-than-ram",
	"an image that does not fit into memory is refused before its first byte",
	{
		before: {
			firmware: "bios",
			memoryMiB: 560,
			ltsConf: "[default]\nON_FAILURE = poweroff\nON_FAILURE_DELAY = 1s\n",
		},
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until the boot fails");
			await console.waitFor(consoleTexts.bootFailed, bootLimit);
			await stage.check("the console names the error", async () => {
				await console.waitFor("[image.larger-than-memory]", { timeoutMs: 5_000 });
			});
			await stage.check("the console says what to do", async () => {
				await console.waitFor(consoleTexts.hint, { timeoutMs: 5_000 });
			});
			await stage.check("not one byte of the image was fetched", () => {
				assert.deepEqual(
					node.companion.events().filter(({ event }) => event === "nbd.opened" || event === "nbd.closed"),
					[],
				);
			});
			await stage.check("ON_FAILURE = poweroff powers the machine off", async () => {
				await assert.rejects(console.waitFor("never shown", bootLimit), { code: "vm.machine-stopped" });
			});
		},
	},
);
