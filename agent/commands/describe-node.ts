import { commandLineFile, parseCommandLine } from "../config/cmdline.ts";
import { redactSecrets } from "../config/secrets.ts";
import { NetherdError } from "../errors.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
	assumptions,
	type NodeDescription,
} from "../facts/assumed-facts.ts";
import { gatherConfiguration, withoutSecrets } from "../facts/configuration-text.ts";
import type { Facts } from "../facts/facts.ts";
import { gatherImage } from "../facts/image.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";
import { nodeName } from "../init/node-name.ts";
import { readText } from "./check.ts";

/** The options of `--dry-run` that describe a node. */
export interface NodeOptions {
	readonly conf?: string | undefined;
	readonly cmdline?: string | undefined;
	readonly mac?: string | undefined;
	readonly ip?: string | undefined;
	readonly hostname?: string | undefined;
	readonly facts?: string | undefined;
	readonly offline: boolean;
}

/** Facts of a node that is not this machine, and what had to be assumed about it. */
export interface DescribedNode {
	/** By stage, in boot order; one only when they come from a facts.json. */
	readonly stages: readonly Facts[];
	/** For people, a line each. */
	readonly assumed: readonly string[];
}

/**
 * The facts of a described node. With a server on the kernel command line and unless `offline`, lts.conf and the image's
 * manifest are read from it, as the node would.
 */
export async function describeNode(
	options: NodeOptions,
	say: (line: string) => void,
): Promise<DescribedNode> {
	if (options.facts !== undefined) return { stages: [readFacts(options.facts)], assumed: [] };

	const line = redactSecrets(options.cmdline ?? assumptions.commandLine, commandLineFile);
	const commandLine = parseCommandLine(line.text);
	const online = !options.offline && commandLine.server !== undefined;
	const { configuration } =
		options.conf !== undefined
			? withoutSecrets(readText(options.conf), options.conf)
			: online
				? await gatherConfiguration(commandLine, "/", say)
				: withoutSecrets("", "nowhere");
	const node: NodeDescription = { ...options, commandLine: line.text, configuration };

	const init = assumedInitFacts(node);
	const resolved = resolveFacts(init);
	const intoMemory = resolved.configuration.boolean("LTSP_NBD_TO_RAM");
	const image =
		online && intoMemory ? await gatherImage({ ...resolved, network: init.network }, say) : undefined;
	return {
		stages: [
			assumedInitramfsFacts({ ...node, image }, intoMemory),
			init,
			assumedJoinFacts(node, nodeName({ ...resolved, facts: init }).name),
		],
		assumed: assumedLines(options, image !== undefined),
	};
}

function readFacts(file: string): Facts {
	try {
		const facts = JSON.parse(readText(file)) as Facts;
		if (facts.version !== 1 || typeof facts.stage !== "string")
			throw new Error("it has no stage, or another version");
		return facts;
	} catch (error) {
		if (error instanceof NetherdError) throw error;
		throw new NetherdError("usage.not-facts", `${file} is not a facts.json`, {
			hint: "give a file that a node left in /run/netherd/STAGE/facts.json",
			cause: error,
		});
	}
}

function assumedLines(options: NodeOptions, imageKnown: boolean): string[] {
	const lines: string[] = [];
	if (options.cmdline === undefined) lines.push(`kernel command line: ${assumptions.commandLine}`);
	if (options.mac === undefined) lines.push(`MAC address: ${assumptions.mac}`);
	if (options.ip === undefined) lines.push(`IPv4 address: ${assumptions.ip}`);
	if (!imageKnown) lines.push(`image: ${assumptions.imageBytes / 1024 ** 2} MiB, no manifest`);
	lines.push(`memory: ${assumptions.memoryBytes / 1024 ** 3} GiB`);
	lines.push(`units in the image: ${assumptions.units.join(", ")}`);
	lines.push(`kubeadm: ${assumptions.kubeadmVersion}`);
	return lines;
}
