import { commandLineFile, parseCommandLine } from "../config/cmdline.ts";
import { redactSecrets } from "../config/secrets.ts";
import { isIpv4 } from "../config/values.ts";
import { NetherdError } from "../errors.ts";
import type { NetworkFacts } from "../facts/facts.ts";

/** The options that say which node is meant. */
export interface IdentityOptions {
	readonly cmdline?: string | undefined;
	/** In any form that `BOOTIF=` may have. */
	readonly mac?: string | undefined;
	readonly ip?: string | undefined;
	readonly hostname?: string | undefined;
}

/** What a person said about a node; nothing is assumed. */
export interface NodeIdentity {
	/** The kernel command line, secrets replaced; empty when none was given. */
	readonly commandLine: string;
	readonly network: NetworkFacts;
}

/**
 * Reads the options; `BOOTIF=` and the addresses in `ip=` stand in for options that are not given.
 *
 * @throws {NetherdError} `usage.bad-option`.
 */
export function identifyNode(options: IdentityOptions): NodeIdentity {
	const commandLine = redactSecrets(options.cmdline ?? "", commandLineFile).text;
	const { bootInterfaceMac, ip: ipParameter } = parseCommandLine(commandLine);
	const mac = options.mac === undefined ? bootInterfaceMac : readMac(options.mac);
	const ip = options.ip === undefined ? ipParameter?.address : readIp(options.ip);
	const hostname = options.hostname === undefined ? ipParameter?.hostname : readHostname(options.hostname);
	return {
		commandLine,
		network: {
			...(mac === undefined ? {} : { mac }),
			...(ip === undefined ? {} : { ip }),
			...(hostname === undefined ? {} : { hostname }),
			nameServers: [],
		},
	};
}

function readMac(text: string): string {
	const mac = /^[\da-f:-]+$/i.test(text) ? parseCommandLine(`BOOTIF=${text}`).bootInterfaceMac : undefined;
	if (mac !== undefined) return mac;
	throw badOption("mac", text, "write a MAC address, such as 52:54:00:00:00:01");
}

function readIp(text: string): string {
	if (isIpv4(text)) return text;
	throw badOption("ip", text, "write an IPv4 address, such as 10.9.0.7");
}

function readHostname(text: string): string {
	if (/^\S+$/.test(text)) return text;
	throw badOption("hostname", text, "write a host name, such as node7");
}

function badOption(name: string, text: string, hint: string): NetherdError {
	return new NetherdError("usage.bad-option", `--${name} is ${JSON.stringify(text)}`, { hint });
}
