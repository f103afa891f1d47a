import { readFileSync } from "node:fs";
import { hostname, release } from "node:os";
import { commandLineFile, parseCommandLine } from "../config/cmdline.ts";
import { redactSecrets } from "../config/secrets.ts";
import {
	buildIdFile,
	kernelCommandLine,
	machineUuid,
	memoryInformation,
	rootInInitramfs,
	stageFolder,
} from "../paths.ts";
import { agentVersion } from "../version.ts";
import { gatherConfiguration, localConfiguration } from "./configuration-text.ts";
import type { Facts, ImageFacts, InitFacts, InitramfsFacts, JoinFacts, MemoryFacts } from "./facts.ts";
import { gatherImage } from "./image.ts";
import { kubeletCredentials } from "./kubelet-credentials.ts";
import { leftImageBytes } from "./left-image.ts";
import { parseMemoryInformation } from "./memory.ts";
import { gatherNetwork } from "./network.ts";
import { resolveFacts } from "./resolve-facts.ts";
import { gatherRoot, readInRoot } from "./root.ts";
import { describeVerification, type Trust, trustOf } from "./verification.ts";
import { describeWholeRoot, gatherWholeRoot, keysWithoutEffect } from "./whole-root.ts";

/** Facts, and the secrets that were taken out of them. */
export interface Gathered<StageFacts extends Facts> {
	readonly facts: StageFacts;
	readonly secrets: Readonly<Record<string, string>>;
}

type Say = (line: string) => void;

/** Looks at a machine in its initramfs; asks the server for lts.conf and for the image's manifest. Changes nothing. */
export async function gatherInitramfs(newRoot: string, say: Say): Promise<Gathered<InitramfsFacts>> {
	const { facts: common, secrets, trust } = await gatherCommon("/", say);
	const { commandLine, configuration } = resolveFacts(common);
	const where = { commandLine, configuration, network: common.network };
	const wholeRoot = commandLine.root === rootInInitramfs ? gatherWholeRoot("/") : undefined;
	const intoMemory = wholeRoot === undefined && configuration.boolean("LTSP_NBD_TO_RAM");
	const image = intoMemory ? await gatherImage(where, trust, say) : undefined;
	const buildId = readInRoot("/", buildIdFile)?.trim();
	const left = leftImageBytes();
	if (wholeRoot !== undefined) {
		say(describeWholeRoot(wholeRoot));
		for (const line of keysWithoutEffect(configuration)) say(`warning: ${line}`);
	} else if (image === undefined)
		say("warning: the image stays on the server; what is read of it is NOT VERIFIED");
	else sayImage(image, buildId, say);
	return {
		facts: {
			...common,
			stage: "initramfs",
			newRoot,
			kernelRelease: release(),
			...(buildId === undefined || buildId === "" ? {} : { buildId }),
			memory: gatherMemory(),
			...(left === undefined ? {} : { leftImageBytes: left }),
			...(image === undefined ? {} : { image }),
			...(wholeRoot === undefined ? {} : { wholeRoot }),
		},
		secrets,
	};
}

/**
 * Looks at the new root. What stage 1 learned about the machine still holds; the image's own lts.conf takes the place of
 * an absent server's.
 */
export function gatherInit(
	newRoot: string,
	{ facts: before, secrets }: Gathered<InitramfsFacts>,
): Gathered<InitFacts> {
	const fromServer = before.configuration.from.startsWith("http");
	const local = localConfiguration(newRoot);
	const useLocal = !fromServer && local.configuration.from !== "nowhere";
	return {
		facts: initFacts(newRoot, useLocal ? { ...before, configuration: local.configuration } : before),
		secrets: useLocal ? { ...secrets, ...local.secrets } : secrets,
	};
}

/** For a root that something else mounted: all of it at once, from inside. */
export async function gatherInitAlone(say: Say): Promise<Gathered<InitFacts>> {
	const { facts, secrets } = await gatherCommon("/", say);
	return { facts: initFacts("/", facts), secrets };
}

/** On the running node: what stage 2 knew, and what Kubernetes has to say. */
export function gatherJoin(kubeadmVersion: string | undefined): JoinFacts {
	const before = JSON.parse(readFileSync(`${stageFolder("init")}/facts.json`, "utf8")) as InitFacts;
	return {
		...commonOf(before),
		stage: "join",
		...(kubeadmVersion === undefined ? {} : { kubeadmVersion }),
		hostname: hostname(),
		joined: kubeletCredentials((path) => readInRoot("/", path), Date.now()).state === "usable",
	};
}

/** An image of another build than the initramfs is what IMAGE may ask for; where it did not, the step refuses it. */
function sayImage(
	{ name, version, from, verification, buildId }: ImageFacts,
	ours: string | undefined,
	say: Say,
) {
	const signed = verification === undefined ? "" : `, ${describeVerification(verification)}`;
	say(`image ${name}${version === undefined ? "" : ` ${version}`} from ${from}${signed}`);
	if (ours !== undefined && buildId !== undefined && ours !== buildId) {
		say(`warning: image ${name} is of build ${buildId}, this initramfs of build ${ours}`);
	}
}

function initFacts(newRoot: string, before: CommonFacts): InitFacts {
	const uuid = readInRoot("/", machineUuid)?.trim().toLowerCase();
	return {
		...commonOf(before),
		stage: "init",
		...(uuid === undefined || uuid === "" ? {} : { machineUuid: uuid }),
		root: gatherRoot(newRoot),
		memory: gatherMemory(),
	};
}

function gatherMemory(): MemoryFacts {
	return parseMemoryInformation(readFileSync(memoryInformation, "utf8"));
}

type CommonFacts = Pick<
	InitramfsFacts,
	"version" | "agentVersion" | "commandLine" | "network" | "configuration"
>;

function commonOf({ version, agentVersion, commandLine, network, configuration }: CommonFacts): CommonFacts {
	return { version, agentVersion, commandLine, network, configuration };
}

async function gatherCommon(
	root: string,
	say: Say,
): Promise<{ facts: CommonFacts; secrets: Readonly<Record<string, string>>; trust: Trust }> {
	const line = redactSecrets(readFileSync(kernelCommandLine, "utf8").trim(), commandLineFile);
	const commandLine = parseCommandLine(line.text);
	const network = gatherNetwork(commandLine);
	const trust = trustOf(commandLine, root);
	const { configuration, secrets } = await gatherConfiguration(commandLine, root, trust, say);
	if (configuration.verification !== undefined) {
		say(
			`${configuration.file} from ${configuration.from}, ${describeVerification(configuration.verification)}`,
		);
	}
	return {
		facts: { version: 1, agentVersion, commandLine: line.text, network, configuration },
		secrets: { ...line.secrets, ...secrets },
		trust,
	};
}
