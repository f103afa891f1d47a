import assert from "node:assert/strict";
import { bootLimit, momentLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { imageBytesServed } from "../lib/image-checks.ts";
import { scenario } from "../lib/scenario.ts";

export default scenario(
	"image-larger-than-ram",
	"an image that does not fit into memory is refused before its first byte",
	{
		before: {
			firmware: "bios",
			memoryMiB: 448,
			ltsConf: "[default]\nON_FAILURE = poweroff\nON_FAILURE_DELAY = 1s\n",
		},
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until the boot fails");
			await console.waitFor(consoleTexts.bootFailed, bootLimit);
			await stage.check("the console names the error", async () => {
				await console.waitFor("[image.larger-than-memory]", momentLimit);
			});
			await stage.check("the console has all numbers", async () => {
				const number = String.raw`[\d.]+ [MG]iB`;
				const both = [
					`image test is ${number}, changes to the root need at least ${number} and the system ${number}: ${number}, and this machine has ${number}`,
					`image test is ${number} and fetching it takes ${number}: ${number}, and beside the initramfs ${number} of this machine's ${number} are free`,
				];
				await console.waitFor(new RegExp(both.join("|")), momentLimit);
			});
			await stage.check("the console says what to do", async () => {
				await console.waitFor(consoleTexts.hint, momentLimit);
			});
			await stage.check("not one byte of the image was fetched", () => {
				const asked = node.companion
					.events()
					.filter(
						(event) =>
							event.event === "nbd.opened" ||
							(event.event === "http.request" && event.path.endsWith("/image.squashfs")),
					);
				assert.deepEqual(asked, []);
				assert.equal(imageBytesServed(node), 0);
			});
			await stage.check("ON_FAILURE = poweroff powers the machine off", async () => {
				await assert.rejects(console.waitFor("never shown", bootLimit), { code: "vm.machine-stopped" });
			});
		},
	},
);
