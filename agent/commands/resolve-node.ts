import { type CommandLine, parseCommandLine } from "../config/cmdline.ts";
import type { Finding } from "../config/findings.ts";
import type { ParsedFile } from "../config/lts-conf.ts";
import { nodeFactNames } from "../config/node-facts.ts";
import { type Configuration, resolveConfiguration } from "../config/resolve.ts";
import { serverHost } from "../facts/image-location.ts";
import { shellFacts } from "../facts/resolve-facts.ts";
import type { NodeIdentity } from "./node-identity.ts";

export { knownAtBoot } from "../config/values.ts";

export interface ResolvedNode {
	readonly configuration: Configuration;
	readonly commandLine: CommandLine;
	/** Those of the node and of its command line, not those of the file. */
	readonly findings: readonly Finding[];
}

/**
 * What a described node gets from a file that has been read already.
 *
 * @param about `identities`: what sections are chosen by, when that is less than the node's network; `unknownFact`: what
 *   `$NAME` becomes for a fact that nobody said, when it is not to stay as written.
 */
export function resolveNode(
	file: ParsedFile,
	{ commandLine: line, network }: NodeIdentity,
	about: { readonly identities?: NodeIdentity["network"]; readonly unknownFact?: string } = {},
): ResolvedNode {
	const commandLine = parseCommandLine(line);
	const { unknownFact, identities: { hostname, ip, mac } = network } = about;
	const unknown = unknownFact === undefined ? [] : nodeFactNames.map((name) => [name, unknownFact]);
	const { configuration, findings } = resolveConfiguration({
		file,
		identities: { hostname, ip, mac },
		commandLine,
		facts: {
			...Object.fromEntries(unknown),
			...shellFacts(network, serverHost(commandLine) ?? network.nextServer, commandLine),
		},
	});
	return { configuration, commandLine, findings: [...commandLine.findings, ...findings] };
}
