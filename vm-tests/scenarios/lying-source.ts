import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fetchableImage } from "../../agent/download/manifest.ts";
import { checkJoinedNode } from "../lib/after-join.ts";
import { type BootedNode, bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { completionReport, consoleTells, imageIsIntact, imageReports } from "../lib/image-checks.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningConfiguration, joiningNode } from "../lib/states.ts";

/** A copy of the image in which some chunks are wrong, served beside the right one. */
const lies = "images/lies/image.squashfs";
const liar = `http://192.168.67.1/${lies}`;

const ltsConf = `${joiningConfiguration}
IMAGE_SOURCES = "${liar} nbd://192.168.67.1/{name}/{version}"
`;

export default scenario(
	"lying-source",
	"the preferred one of two sources serves wrong chunks; the other brings them right, and the node joins",
	{
		before: { ...joiningNode, ltsConf },
		async run(stage) {
			const node = await stage.boot();
			// The firmware alone takes longer than this.
			const wrongChunks = makeLies(node);
			const { console } = node.machine;
			stage.say("until the image is complete");
			await node.unlessBootFails(console.waitFor(consoleTexts.imageComplete, bootLimit));

			const tells = (line: RegExp) => consoleTells(node, line);
			await stage.check("the console names the wrong chunk, its source and both hashes", () => {
				tells(
					/netherd: image: chunk \d+ .*http:\/\/192\.168\.67\.1\S* is wrong: SHA-256 [0-9a-f]{64} instead of [0-9a-f]{64}.*fetching it again/,
				);
			});
			await stage.check("the console says that the liar is set aside", () => {
				tells(/netherd: image: wrong data from http:\/\/192\.168\.67\.1\S*; trying it again in \d+ s/);
			});
			await stage.check("the console says that the other source is used", () => {
				tells(/netherd: image: from nbd:\/\/192\.168\.67\.1:10809/);
			});
			await checkJoinedNode(stage, node);
			await stage.check("the console says that every chunk is verified", () => {
				tells(/netherd: image complete: .* every chunk verified/);
			});
			await stage.checkGuest(node, imageIsIntact(node));
			await stage.check("the server heard of wrong chunks, all of them from the liar", () => {
				const reports = imageReports(node, "image-wrong-chunk");
				assert.ok(reports.length > 0);
				assert.deepEqual([...new Set(reports.map(({ source }) => source))], [liar]);
				for (const { chunk } of reports) assert.ok(wrongChunks.has(Number(chunk)), `chunk ${chunk} is right`);
				const { isVerified, sources } = completionReport(node);
				assert.equal(isVerified, true);
				assert.ok(Array.isArray(sources) && sources.some((source) => String(source).startsWith("nbd://")));
			});
		},
	},
);

/** @returns The numbers of the chunks that are wrong. */
function makeLies({ tree, manifest }: BootedNode): ReadonlySet<number> {
	const { name, version } = manifest;
	const image = fetchableImage(manifest);
	const bytes = readFileSync(join(tree, "images", name, version, image.file));
	const wrong = new Set<number>();
	for (let chunk = 1; chunk < image.chunks.length; chunk += 3) {
		const offset = chunk * image.chunkSizeBytes + 1000;
		bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x01, offset);
		wrong.add(chunk);
	}
	const file = join(tree, lies);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, bytes);
	return wrong;
}
