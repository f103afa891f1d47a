import { type CommandLine, parseCommandLine } from "../config/cmdline.ts";
import type { Finding } from "../config/findings.ts";
import type { ParsedFile } from "../config/lts-conf.ts";
import { nodeFactNames } from "../config/node-facts.ts";
import { type Configuration, resolveConfiguration } from "../config/resolve.ts";
import { serverHost } from "../facts/image-location.ts";
import { shellFacts } from "../facts/resolve-facts.ts";
import type { NodeIdentity } from "./node-identity.ts";

/**
 * What a described node gets from a file that has been read already. In values `$NAME` stays for a fact that nobody said,
 * or becomes `unknownFact`. The findings are those of the node and of its command line, not those of the file.
 */
export function resolveNode(
	file: ParsedFile,
	{ commandLine: line, network }: NodeIdentity,
	unknownFact?: string,
): { configuration: Configuration; commandLine: CommandLine; findings: readonly Finding[] } {
	const commandLine = parseCommandLine(line);
	const unknown = unknownFact === undefined ? [] : nodeFactNames.map((name) => [name, unknownFact]);
	const { configuration, findings } = resolveConfiguration({
		file,
		identities: { hostname: network.hostname, ip: network.ip, mac: network.mac },
		commandLine,
		facts: {
			...Object.fromEntries(unknown),
			...shellFacts(network, serverHost(commandLine) ?? network.nextServer, commandLine),
		},
	});
	return { configuration, commandLine, findings: [...commandLine.findings, ...findings] };
}
