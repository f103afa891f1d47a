import { bootLimit, momentLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"verify-none",
	"with netherd.verify=none a node takes lts.conf and image that nobody has signed, and shouts",
	{
		before: {
			...joiningNode,
			ltsConf: '[default]\nPREINIT_01 = "touch /etc/preinit-ran"\n',
			signatures: "none",
			kernelParameters: "netherd.verify=none",
		},
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until the system is configured");
			await node.unlessBootFails(console.waitFor(consoleTexts.initDone, bootLimit));
			await stage.check("the console shouts, and says it of file and image", async () => {
				await console.waitFor(consoleTexts.nothingIsVerified, momentLimit);
				await console.waitFor(/lts\.conf from http:\S+, NOT VERIFIED/, momentLimit);
				await console.waitFor(/image test .*, NOT VERIFIED/, momentLimit);
			});
			await stage.check("the companion warned of it", async () => {
				for (const code of ["server.lts-conf-unsigned", "server.image-unsigned", "server.verification-off"]) {
					await node.companion.waitFor(
						code,
						(event) => event.event === "companion.warning" && event.code === code,
						momentLimit,
					);
				}
			});
			await stage.checkGuest(node, [
				{ what: "what lts.conf says was done", run: "test -e /etc/preinit-ran && echo done", prints: "done" },
				{
					what: "facts and plan of the boot say so",
					run: "cd /run/netherd/initramfs && grep -c notVerified facts.json && grep -c 'NOT VERIFIED' plan.json",
					prints: "2\n1",
				},
			]);
		},
	},
);
