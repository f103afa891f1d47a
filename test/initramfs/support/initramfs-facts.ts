import { initramfsStage } from "../../../agent/boot.ts";
import type { InitramfsFacts } from "../../../agent/facts/facts.ts";
import type { Action } from "../../../agent/plan/action.ts";
import { planFromFacts } from "../../../agent/run-stage.ts";
import { makeInitFacts } from "../../lib/plan-step.ts";

/** The command line of a node that a companion boots. */
export const server =
	"boot=netherd nbdroot=192.0.2.1:10809/node/7 netherd.server=http://192.0.2.1 netherd.image=node/7";
export const mebibyte = 1024 ** 2;
export const image = {
	name: "node",
	version: "7",
	kernelRelease: "6.12.1-amd64",
	sizeBytes: 300 * mebibyte,
	chunkSizeBytes: 4 * mebibyte,
	chunks: Array.from({ length: 75 }, () => "ab".repeat(32)),
	from: "http://192.0.2.1/images/node/7/image.json",
};

/** What stage 1 knows with these lines in lts.conf. */
export function factsOf(ltsConf: string, changes: Partial<InitramfsFacts> = {}): InitramfsFacts {
	const { version, agentVersion, network, configuration } = makeInitFacts(`[default]\n${ltsConf}\n`);
	return {
		version,
		agentVersion,
		network,
		configuration,
		commandLine: server,
		stage: "initramfs",
		newRoot: "/root",
		kernelRelease: "6.12.1-amd64",
		memory: { totalBytes: 2048 * mebibyte, availableBytes: 1900 * mebibyte },
		image,
		...changes,
	};
}

export function actionsOf(facts: InitramfsFacts): readonly Action[] {
	return planFromFacts(initramfsStage, facts).steps.flatMap(({ actions }) => actions);
}

export const spawned = (facts: InitramfsFacts) =>
	actionsOf(facts).flatMap((action) => (action.kind === "spawn" ? [action.argv.join(" ")] : []));
export const fetched = (facts: InitramfsFacts) =>
	actionsOf(facts).find((action) => action.kind === "fetchImage");
