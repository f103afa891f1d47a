import { parse, usage } from "../arguments.ts";
import { readConfig } from "../config/read-config.ts";
import { dnsmasqSnippet } from "../dhcp-config/dnsmasq.ts";
import type { Farm } from "../dhcp-config/farm.ts";
import { iscSnippet } from "../dhcp-config/isc.ts";
import { keaSnippet } from "../dhcp-config/kea.ts";
import { dhcpConfigHelp } from "../help.ts";
import { findNetwork } from "../network.ts";
import { findProgram } from "../programs.ts";

const snippets: Readonly<Record<string, (farm: Farm) => string>> = {
	dnsmasq: dnsmasqSnippet,
	isc: iscSnippet,
	kea: keaSnippet,
};

/** `companion dhcp-config isc|kea|dnsmasq --config FILE`: what another DHCP server needs, on standard output. */
export async function runDhcpConfig(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args);
	if (values.help === true) {
		process.stdout.write(dhcpConfigHelp());
		return 0;
	}
	const how = "companion dhcp-config isc|kea|dnsmasq --config FILE";
	const [program = "", ...more] = positionals;
	const snippet = snippets[program];
	if (program === "") throw usage("the DHCP server's program is missing", how);
	if (snippet === undefined) throw usage(`unknown DHCP server ${program}`, how);
	if (more.length > 0) throw usage(`too many words: ${more.join(" ")}`, how);
	if (typeof values.config !== "string") throw usage("--config FILE is missing", how);
	const config = readConfig(values.config);
	const address = config.address ?? (await findNetwork(config, findProgram("ip"))).address;
	const { httpPort, hosts, loaders } = config;
	process.stdout.write(snippet({ address, httpPort, hosts, loaders }));
	if (config.dhcp.mode !== "off") {
		const { mode } = config.dhcp;
		process.stderr.write(
			`companion: ${config.file} has [dhcp] mode = ${mode}: then the companion answers DHCP, too; set mode = off before you use this\n`,
		);
	}
	return 0;
}
