import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { fetchableImage, parseManifest } from "../../agent/download/manifest.ts";
import { checkJoinedNode } from "../lib/after-join.ts";
import { BootedNode, bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { completionReport, consoleTells, imageIsIntact, imageReports } from "../lib/image-checks.ts";
import { type ScenarioStage, scenario } from "../lib/scenario.ts";
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
		async run(stage) {
			const { tree, wrongChunks } = await treeWithLies(stage);
			await using node = await BootedNode.boot(
				{ ...joiningNode, ltsConf },
				{ ...stage.setup, bootTree: tree },
				join(stage.folder, "boot"),
			);
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
			rmSync(tree, { recursive: true });
		},
	},
);

/** A copy of the boot tree that serves the lies, too, and the numbers of the chunks that are wrong. */
async function treeWithLies({
	setup,
	folder,
}: ScenarioStage): Promise<{ tree: string; wrongChunks: ReadonlySet<number> }> {
	const tree = join(folder, "with-lies");
	rmSync(tree, { recursive: true, force: true });
	await execa("cp", ["--archive", "--link", setup.bootTree, tree]);
	const current = join(tree, "images/test/current");
	const image = fetchableImage(parseManifest(readFileSync(join(current, "image.json"), "utf8"), current));
	const bytes = readFileSync(join(current, image.file));
	const wrongChunks = new Set<number>();
	for (let chunk = 1; chunk < image.chunks.length; chunk += 3) {
		const offset = chunk * image.chunkSizeBytes + 1000;
		bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x01, offset);
		wrongChunks.add(chunk);
	}
	const file = join(tree, lies);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, bytes);
	return { tree, wrongChunks };
}
