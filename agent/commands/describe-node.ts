import { type CommandLine, parseCommandLine } from "../config/cmdline.ts";
import { NetherdError } from "../errors.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
	assumptions,
	type NodeDescription,
} from "../facts/assumed-facts.ts";
import { gatherConfiguration, withoutSecrets } from "../facts/configuration-text.ts";
import type { ConfigurationText, Facts, ImageFacts } from "../facts/facts.ts";
import { gatherImage } from "../facts/image.ts";
import { type ResolvedFacts, resolveFacts } from "../facts/resolve-facts.ts";
import { describeVerification, type Trust, trustOf } from "../facts/verification.ts";
import { nodeName } from "../init/node-name.ts";
import { rootInInitramfs } from "../paths.ts";
import { readPublicKey } from "../trust/key-files.ts";
import { readText } from "./check.ts";
import { type IdentityOptions, identifyNode } from "./node-identity.ts";

/** The options of `--dry-run` that describe a node. */
export interface NodeOptions extends IdentityOptions {
	readonly conf?: string | undefined;
	readonly facts?: string | undefined;
	/** File with the public key that has to have signed what the server gives. */
	readonly key?: string | undefined;
	readonly offline: boolean;
}

/** Facts of a node that is not this machine, and what had to be assumed about it. */
export interface DescribedNode {
	/** By stage, in boot order; one only when they come from a facts.json. */
	readonly stages: readonly Facts[];
	/** For people, a line each. */
	readonly assumed: readonly string[];
	/** What was read from the server and who signed it; for people, a line each. */
	readonly read: readonly string[];
}

/**
 * The facts of a described node. With a server on the kernel command line and unless `offline`, lts.conf and the image's
 * manifest are read from it and verified, as the node would.
 */
export async function describeNode(
	options: NodeOptions,
	say: (line: string) => void,
): Promise<DescribedNode> {
	if (options.facts !== undefined) return { stages: [readFacts(options.facts)], assumed: [], read: [] };

	const { commandLine: line, network } = identifyNode({
		...options,
		cmdline: options.cmdline ?? assumptions.commandLine,
	});
	const commandLine = parseCommandLine(line);
	const online = !options.offline && commandLine.server !== undefined;
	const trust = online ? trustFor(options, commandLine, say) : undefined;
	const { configuration } =
		options.conf !== undefined
			? withoutSecrets(readText(options.conf), options.conf)
			: trust !== undefined
				? await gatherConfiguration(commandLine, "/", trust, say)
				: withoutSecrets("", "nowhere");
	const node = withKernelParameters({ ...network, commandLine: line, configuration }, options);

	const init = assumedInitFacts(node);
	const resolved = resolveFacts(init);
	const isWhole = commandLine.root === rootInInitramfs;
	const intoMemory = resolved.configuration.boolean("LTSP_NBD_TO_RAM");
	const image =
		trust !== undefined && intoMemory && !isWhole
			? await gatherImage({ ...resolved, network: init.network }, trust, say)
			: undefined;
	return {
		stages: [
			assumedInitramfsFacts({ ...node, image }, intoMemory),
			init,
			assumedJoinFacts(node, nodeName({ ...resolved, facts: init }).name),
		],
		assumed: [
			...assumedLines(options, node, image === undefined ? (isWhole ? "root" : "image") : undefined),
			...ownConfigurationLine(resolved),
		],
		read: [
			readLine(configuration.file, configuration),
			image === undefined ? undefined : readLine(`image ${image.name} ${image.version ?? ""}`.trim(), image),
		].filter((line) => line !== undefined),
	};
}

/** The companion would have put them on the command line; one that was given is what it is. */
function withKernelParameters(node: NodeDescription, { cmdline }: NodeOptions): NodeDescription {
	if (cmdline !== undefined) return node;
	const parameters = resolveFacts(assumedInitFacts(node)).configuration.text("KERNEL_PARAMETERS");
	return parameters === undefined ? node : { ...node, commandLine: `${node.commandLine} ${parameters}` };
}

/**
 * A key that was given has to have signed; without one, those that this machine trusts. Where there are none, as on most
 * workstations, the dry run goes on and says that nobody was asked.
 */
function trustFor({ key }: NodeOptions, commandLine: CommandLine, say: (line: string) => void): Trust {
	if (key !== undefined) return { kind: "signed", keys: [readPublicKey(key)] };
	const trust = trustOf(commandLine, "/");
	if (trust.kind === "anybody" || trust.keys.length > 0) return trust;
	say("nothing from the server is verified, because there is no trusted key here: --key FILE names one");
	return { kind: "anybody", why: "no trusted key here" };
}

function readLine(what: string, { from, verification }: ConfigurationText | ImageFacts): string | undefined {
	return verification && `${what}: ${from}, ${describeVerification(verification)}`;
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

/** The image is not here to look into. */
function ownConfigurationLine({ configuration }: ResolvedFacts): string[] {
	const path = configuration.text("KUBEADM_JOIN_CONFIG");
	return path === undefined ? [] : [`${path}: a JoinConfiguration that says nothing`];
}

function assumedLines(
	options: NodeOptions,
	node: NodeDescription,
	unknown: "image" | "root" | undefined,
): string[] {
	const lines: string[] = [];
	if (options.cmdline === undefined) lines.push(`kernel command line: ${node.commandLine}`);
	if (node.mac === undefined) lines.push(`MAC address: ${assumptions.mac}`);
	if (node.ip === undefined) lines.push(`IPv4 address: ${assumptions.ip}`);
	const size = `${assumptions.imageBytes / 1024 ** 2} MiB`;
	if (unknown === "image") lines.push(`image: ${size}, no manifest`);
	if (unknown === "root") lines.push(`root in the initramfs: ${size}`);
	lines.push(`memory: ${assumptions.memoryBytes / 1024 ** 3} GiB`);
	lines.push(`units in the image: ${assumptions.units.join(", ")}`);
	lines.push(`kubeadm: ${assumptions.kubeadmVersion}`);
	return lines;
}
