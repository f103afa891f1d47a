import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { initramfsStage } from "../../../agent/boot.ts";
import { runStartingOverOnce } from "../../../agent/commands/start-over.ts";
import type { InitramfsFacts } from "../../../agent/facts/facts.ts";
import { gatherImage } from "../../../agent/facts/image.ts";
import { leftImageBytes } from "../../../agent/facts/left-image.ts";
import { resolveFacts } from "../../../agent/facts/resolve-facts.ts";
import { linuxHost } from "../../../agent/host/linux-host.ts";
import { imageFile, imageFolder, mountTable } from "../../../agent/paths.ts";
import { runPlan } from "../../../agent/run-plan.ts";
import { planFromFacts } from "../../../agent/run-stage.ts";

/*
 * The part of stage 1 that mounts and fills the image's tmpfs, for real, in a mount namespace that the caller made:
 * stage-one-in-namespace.ts SERVER [SOURCE]. Prints what became of it as JSON.
 */

const [, , server = "", otherSource = ""] = process.argv;
const lines: string[] = [];
const commands: string[] = [];
const say = (line: string) => void lines.push(line);

/** Nothing of this machine's /run is touched. */
execFileSync("mount", ["-t", "tmpfs", "tmpfs", "/run"]);

async function gather(): Promise<{ facts: InitramfsFacts; secrets: Record<string, string> }> {
	const common = {
		version: 1,
		agentVersion: "0.0.0",
		commandLine: `boot=netherd netherd.server=${server} netherd.image=node/1`,
		network: { nameServers: [] },
		configuration: {
			file: "lts.conf",
			from: "nowhere",
			text: `[default]\nIMAGE_SOURCES = "${server}/images/{name}/{version}/image.squashfs ${otherSource}"\n`,
		},
	} as const;
	const where = { ...resolveFacts(common), network: common.network };
	const image = await gatherImage(where, { kind: "anybody", why: "a test" }, say);
	const left = leftImageBytes();
	const memory = { totalBytes: 4 * 1024 ** 3, availableBytes: 4 * 1024 ** 3 };
	const facts = { ...common, stage: "initramfs", newRoot: "/root", memory, image } as const;
	return { facts: left === undefined ? facts : { ...facts, leftImageBytes: left }, secrets: {} };
}

let error: unknown;
try {
	await runStartingOverOnce(await gather(), {
		gather,
		say,
		async run({ facts }, onDownloadEvent, downloadSignal) {
			const plan = planFromFacts(initramfsStage, facts);
			const steps = plan.steps.filter(({ name }) => name === "20-fetch-image");
			const outlets = { progress: say, output: say, onDownloadEvent, downloadSignal };
			const host = linuxHost({ root: "/", secrets: {}, ...outlets });
			await runPlan({ ...plan, steps }, host, [
				{
					actionStarted: (_, action) =>
						void commands.push(action.kind === "spawn" ? action.argv[0] : action.kind),
				},
			]);
		},
	});
} catch (failure) {
	error = failure;
}
const mounts = readFileSync(mountTable, "utf8").split("\n");
console.log(
	JSON.stringify({
		lines,
		commands,
		error: error instanceof Error && "code" in error ? error.code : String(error),
		mountedTimes: mounts.filter((line) => line.split(" ")[1] === imageFolder).length,
		sha256: createHash("sha256").update(readFileSync(imageFile)).digest("hex"),
	}),
);
