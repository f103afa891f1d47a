import { type CommandLine, parseCommandLine } from "../config/cmdline.ts";
import { type Finding, hasErrors, renderFindings } from "../config/findings.ts";
import { type ParsedFile, parseLtsConf } from "../config/lts-conf.ts";
import { type Configuration, resolveConfiguration } from "../config/resolve.ts";
import { NetherdError } from "../errors.ts";
import type { Facts } from "./facts.ts";
import { defaultServer } from "./image-location.ts";

export interface ResolvedFacts {
	readonly commandLine: CommandLine;
	readonly configuration: Configuration;
	/** Warnings only: an error ends in {@link ConfigurationError}. */
	readonly findings: readonly Finding[];
}

/** A console holds a few; thousands would take a serial line minutes. */
const shownErrors = 20;

/** lts.conf has errors, so nothing of it is used. The message holds the first of them with their places. */
export class ConfigurationError extends NetherdError {
	readonly findings: readonly Finding[];

	constructor(file: string, from: string, findings: readonly Finding[], sourceText: string) {
		const errors = findings.filter(({ severity }) => severity === "error");
		const shown = errors.slice(0, shownErrors);
		const others = errors.length - shown.length;
		super(
			"config.invalid",
			`${file} (from ${from}) has ${errors.length === 1 ? "an error" : `${errors.length} errors`}; nothing of it is used\n${renderFindings(shown, sourceText, { colour: false })}${others === 0 ? "" : `\n… and ${others} more`}`,
			{ hint: "mend the lines above on the server; agent check FILE finds the same on a workstation" },
		);
		this.findings = findings;
	}
}

/**
 * The configuration of the node that the facts describe.
 *
 * @throws {ConfigurationError} `config.invalid`.
 */
export function resolveFacts({
	commandLine: line,
	configuration: { file, from, text },
	network,
}: Pick<Facts, "commandLine" | "configuration" | "network">): ResolvedFacts {
	const commandLine = parseCommandLine(line);
	const parsed = parseOnce(text, file);
	const server = defaultServer(commandLine, network);
	const { configuration, findings } = resolveConfiguration({
		file: parsed,
		identities: {
			...(network.hostname === undefined ? {} : { hostname: network.hostname }),
			...(network.ip === undefined ? {} : { ip: network.ip }),
			...(network.mac === undefined ? {} : { mac: network.mac }),
		},
		commandLine,
		facts: shellFacts(network, server, commandLine),
	});
	if (hasErrors(commandLine.findings)) {
		throw new ConfigurationError("kernel command line", "/proc/cmdline", commandLine.findings, line);
	}
	const all = [...parsed.findings, ...findings];
	if (hasErrors(all)) throw new ConfigurationError(file, from, all, text);
	return { commandLine, configuration, findings: [...commandLine.findings, ...all] };
}

let lastParsed: { readonly text: string; readonly parsed: ParsedFile } | undefined;

/** Every stage of a node resolves the same text; a farm's file of 10,000 nodes takes a tenth of a second to parse. */
function parseOnce(text: string, file: string): ParsedFile {
	if (lastParsed?.text !== text || lastParsed.parsed.file !== file) {
		lastParsed = { text, parsed: parseLtsConf(text, file) };
	}
	return lastParsed.parsed;
}

/** The facts of a node under the names that LTSP 5 gives them, for `$NAME` in lts.conf and for PREINIT's environment. */
export function shellFacts(
	network: Facts["network"],
	server: string | undefined,
	{ nbdRoot }: CommandLine,
): Readonly<Record<string, string>> {
	const values: Record<string, string | undefined> = {
		DEVICE: network.device,
		IPV4ADDR: network.ip,
		IPV4NETMASK: network.netmask,
		IPV4GATEWAY: network.gateway,
		IPV4DNS0: network.nameServers[0],
		IPV4DNS1: network.nameServers[1],
		HOSTNAME: network.hostname,
		DNSDOMAIN: network.domain,
		ROOTSERVER: network.nextServer,
		ROOTPATH: network.rootPath,
		filename: network.bootFile,
		SERVER: server,
		NBD_ROOT_HOST: nbdRoot?.host ?? server,
		NBD_ROOT_PORT: nbdRoot?.port === undefined ? undefined : String(nbdRoot.port),
		NBD_ROOT_NAME: nbdRoot?.exportName ?? network.rootPath,
	};
	return Object.fromEntries(
		Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
	);
}
