import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { fetchableImage } from "../../agent/download/manifest.ts";
import { checkJoinedNode } from "../lib/after-join.ts";
import { bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { completionReport, consoleTells, imageBytesServed, imageIsIntact } from "../lib/image-checks.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

/** Slow enough that a third of the image is seen before it is complete, whatever the host. */
const megabitsPerSecond = 64;

/** Several attempts of each source fall into this time. */
const outageMs = 6_000;

/** Chunks that were under way when the server died are fetched anew; the engine has no more of them in memory. */
const underWayBytes = 24 * 1024 ** 2;

export default scenario(
	"server-lost-at-30-percent",
	"the server is killed at 30 % of the image, and comes back; the node goes on from there and joins",
	{
		before: joiningNode,
		async run(stage) {
			const node = await stage.boot();
			const { console } = node.machine;
			stage.say("until 30 % of the image are in RAM");
			// Seconds before the agent fetches anything: this process may stand still in between.
			await node.unlessBootFails(console.waitFor(consoleTexts.kernelStarts, bootLimit));
			node.farm.limitRate(megabitsPerSecond);
			await node.unlessBootFails(console.waitFor(consoleTexts.thirtyPercent, bootLimit));
			node.note("the server is killed");
			await node.companion.kill();

			const fromLine = console.lines.length;
			stage.say("until the node has noticed, and a while longer");
			for (const lost of [consoleTexts.lostOverNbd, consoleTexts.lostOverHttp]) {
				await node.unlessBootFails(console.waitFor(lost, { ...bootLimit, fromLine }));
			}
			await sleep(outageMs);
			node.note("the server starts again");
			await node.startCompanionAgain();
			stage.say("until the image is complete");
			await node.unlessBootFails(console.waitFor(consoleTexts.imageComplete, bootLimit));

			const tells = (line: RegExp) => consoleTells(node, line, fromLine);
			await stage.check("the console says which source was lost, and that it is tried again", () => {
				tells(consoleTexts.lostOverNbd);
			});
			await stage.check("the console says that the other source does not answer either", () => {
				tells(consoleTexts.lostOverHttp);
			});
			await stage.check("the console says that a source is back, and which", () => {
				tells(/netherd: image: again from (nbd|http):\/\/192\.168\.67\.1/);
			});
			await checkJoinedNode(stage, node);
			node.note("the node has run kubeadm join");
			await stage.check("the console says that every chunk is verified", () => {
				tells(/netherd: image complete: .* every chunk verified/);
			});
			await stage.checkGuest(node, imageIsIntact(node));
			await stage.check("only what was missing was fetched again", () => {
				const { sizeBytes } = fetchableImage(node.manifest);
				const servedBytes = imageBytesServed(node);
				assert.ok(servedBytes > 0);
				assert.ok(servedBytes <= 0.7 * sizeBytes + underWayBytes, `${servedBytes} of ${sizeBytes}`);
			});
			await stage.check("the server heard that the image is complete, and of the failures", () => {
				const { isVerified, sourceFailures, wrongChunks } = completionReport(node);
				assert.deepEqual({ isVerified, wrongChunks }, { isVerified: true, wrongChunks: 0 });
				assert.ok(Number(sourceFailures) >= 2);
			});
		},
	},
);
