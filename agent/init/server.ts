import { isIpv4, isIpv6 } from "../config/values.ts";
import type { NbdSourceAddress } from "../download/source-address.ts";
import type { InitFacts } from "../facts/facts.ts";
import { defaultServer, nbdExport, serverHost } from "../facts/image-location.ts";
import type { Inputs } from "../plan/inputs.ts";

/** SERVER, else what stands in for it. */
export function serverName({ configuration, commandLine, facts }: Inputs<InitFacts>): string | undefined {
	return configuration.text("SERVER") ?? defaultServer(commandLine, facts.network);
}

/** The same where it is an address: what /etc/hosts can name. */
export function serverAddress(inputs: Inputs<InitFacts>): string | undefined {
	const { commandLine, facts, configuration } = inputs;
	return [
		configuration.text("SERVER"),
		serverHost(commandLine),
		commandLine.nbdRoot?.host,
		facts.network.nextServer,
	].find((host) => host !== undefined && (isIpv4(host) || isIpv6(host)));
}

/** The NBD export that holds the root; undefined where nothing names a server. */
export function rootExport({
	configuration,
	commandLine,
	facts,
}: Inputs<InitFacts>): NbdSourceAddress | undefined {
	const known = commandLine.nbdRoot?.host ?? facts.network.nextServer ?? serverHost(commandLine);
	return known === undefined ? undefined : nbdExport({ commandLine, configuration, network: facts.network });
}
