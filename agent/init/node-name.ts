import { isHostName, isIpv4 } from "../config/values.ts";
import type { InitFacts, NetworkFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import { because } from "./because.ts";

export interface NodeName {
	/** As it goes into /etc/hostname; may hold dots. */
	readonly name: string;
	/** Where it comes from, for people. */
	readonly because: string;
}

/**
 * The node's host name: HOSTNAME; else what DHCP says, when that is a host name; else HOSTNAME_BASE followed by what
 * HOSTNAME_EXTRA asks for (`ip`: host part of the address as a number, `mac`: the MAC address with dashes, or its text).
 */
export function nodeName({ facts: { network }, configuration }: Inputs<InitFacts>): NodeName {
	// LTSP 5 takes the first word.
	const [given] = configuration.list("HOSTNAME");
	if (given !== undefined) return { name: given, because: because(configuration, "HOSTNAME") };
	if (network.hostname !== undefined && isHostName(network.hostname)) {
		return { name: network.hostname, because: "host name from DHCP" };
	}
	const base = configuration.text("HOSTNAME_BASE")?.trim() ?? "";
	const extra = configuration.text("HOSTNAME_EXTRA")?.trim() ?? "";
	return {
		name: `${base}${generatedPart(extra.toLowerCase(), network) ?? extra}`,
		because: `${because(configuration, "HOSTNAME_BASE")}, ${because(configuration, "HOSTNAME_EXTRA")}`,
	};
}

/** The first label, and the whole name where a domain is known: `{ host: "node7", fqdn: "node7.farm.example" }`. */
export function qualifiedName(inputs: Inputs<InitFacts>): { host: string; fqdn?: string } {
	const { name } = nodeName(inputs);
	const [host = name] = name.split(".");
	if (host !== name) return { host, fqdn: name };
	const [domain] = searchDomains(inputs);
	return domain === undefined ? { host } : { host, fqdn: `${host}.${domain.replace(/\.$/, "")}` };
}

/** SEARCH_DOMAIN, else the domains from DHCP that are domains. */
export function searchDomains({ facts: { network }, configuration }: Inputs<InitFacts>): readonly string[] {
	const given = configuration.list("SEARCH_DOMAIN");
	if (given.length > 0) return given;
	return (network.domain ?? "").split(/[\s,]+/).filter((word) => word !== "" && isHostName(word));
}

function generatedPart(extra: string, { ip, netmask, mac }: NetworkFacts): string | undefined {
	if (extra === "ip" && ip !== undefined && isIpv4(ip)) return String(hostPart(ip, netmask));
	if ((extra === "ip" || extra === "mac") && mac !== undefined) return mac.replaceAll(":", "-");
	return undefined;
}

/** 10.9.200.10 with 255.255.0.0 → 51210. */
function hostPart(ip: string, netmask = "255.255.255.0"): number {
	return (toNumber(ip) & ~toNumber(netmask)) >>> 0;
}

function toNumber(address: string): number {
	return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) | 0;
}
