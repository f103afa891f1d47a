import { parseCommandLine } from "../config/cmdline.ts";
import { NetherdError } from "../errors.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
	assumptions,
	type NodeDescription,
} from "../facts/assumed-facts.ts";
import { gatherConfiguration, withoutSecrets } from "../facts/configuration-text.ts";
import type { Facts, NetworkFacts } from "../facts/facts.ts";
import { gatherImage } from "../facts/image.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";
import { nodeName } from "../init/node-name.ts";
import { readText } from "./check.ts";
import { type IdentityOptions, identifyNode } from "./node-identity.ts";

/** The options of `--dry-run` that describe a node. */
export interface NodeOptions extends IdentityOptions {
	readonly conf?: string | undefined;
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

	const { commandLine: line, network } = identifyNode({
		...options,
		cmdline: options.cmdline ?? assumptions.commandLine,
	});
	const commandLine = parseCommandLine(line);
	const online = !options.offline && commandLine.server !== undefined;
	const { configuration } =
		options.conf !== undefined
			? withoutSecrets(readText(options.conf), options.conf)
			: online
				? await gatherConfiguration(commandLine, "/", say)
				: withoutSecrets("", "nowhere");
	const node: NodeDescription = { ...network, commandLine: line, configuration };

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
		assumed: assumedLines(options, network, image !== undefined),
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

function assumedLines(options: NodeOptions, network: NetworkFacts, imageKnown: boolean): string[] {
	const lines: string[] = [];
	if (options.cmdline === undefined) lines.push(`kernel command line: ${assumptions.commandLine}`);
	if (network.mac === undefined) lines.push(`MAC address: ${assumptions.mac}`);
	if (network.ip === undefined) lines.push(`IPv4 address: ${assumptions.ip}`);
	if (!imageKnown) lines.push(`image: ${assumptions.imageBytes / 1024 ** 2} MiB, no manifest`);
	lines.push(`memory: ${assumptions.memoryBytes / 1024 ** 3} GiB`);
	lines.push(`units in the image: ${assumptions.units.join(", ")}`);
	lines.push(`kubeadm: ${assumptions.kubeadmVersion}`);
	return lines;
}
