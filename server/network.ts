import { BlockList } from "node:net";
import { NetherdError } from "../agent/errors.ts";
import type { Config } from "./config/read-config.ts";
import { addressNumber } from "./config/values.ts";
import { outputOf } from "./run-program.ts";

/** The companion's place on the nodes' network. */
export interface Network {
	readonly interfaceName: string;
	/** This server's IPv4 address there. */
	readonly address: string;
	readonly netmask: string;
	/** The first address of the network: 10.0.0.0 for 10.0.0.1/24. */
	readonly networkAddress: string;
	/** Networks of the interface's private IPv6 addresses, such as `fd67::`. */
	readonly privateIpv6Prefixes: readonly string[];
}

/** A link as `ip -json address` tells it; what is not used here is left out. */
export interface Link {
	readonly ifname: string;
	readonly addr_info: readonly {
		readonly family: string;
		readonly local: string;
		readonly prefixlen: number;
	}[];
}

/**
 * Looks the interface up and compares the configuration's addresses with its network.
 *
 * @param ip Path of iproute2's ip.
 * @throws {NetherdError} `server.interface-missing`, `server.address-missing`, `server.address-ambiguous`,
 *   `server.address-elsewhere`.
 */
export async function findNetwork(config: Config, ip: string): Promise<Network> {
	const links: Link[] = JSON.parse(await outputOf(ip, ["-json", "address", "show"]));
	return networkFrom(links, config);
}

/** The same without I/O. */
export function networkFrom(
	links: readonly Link[],
	config: Pick<Config, "interfaceName" | "address" | "file" | "dhcp" | "hosts">,
): Network {
	const { interfaceName, file } = config;
	const link = links.find(({ ifname }) => ifname === interfaceName);
	if (link === undefined) {
		const names = links.map(({ ifname }) => ifname).join(", ");
		throw new NetherdError("server.interface-missing", `there is no network interface ${interfaceName}`, {
			hint: `set [network] interface in ${file} to one of: ${names}`,
		});
	}
	const candidates = link.addr_info.filter(({ family }) => family === "inet");
	const chosen = candidates.filter(({ local }) => config.address === undefined || local === config.address);
	const [found] = chosen;
	if (found === undefined) {
		const has = candidates.length === 0 ? "no IPv4 address" : candidates.map(({ local }) => local).join(", ");
		throw new NetherdError(
			"server.address-missing",
			`interface ${interfaceName} does not have ${config.address ?? "an IPv4 address"}; it has ${has}`,
			{ hint: `give it one (ip address add … dev ${interfaceName}), or correct [network] in ${file}` },
		);
	}
	if (chosen.length > 1) {
		throw new NetherdError(
			"server.address-ambiguous",
			`interface ${interfaceName} has several addresses: ${chosen.map(({ local }) => local).join(", ")}`,
			{ hint: `say which one the nodes shall use: [network] address in ${file}` },
		);
	}
	const mask = maskNumber(found.prefixlen);
	const network: Network = {
		interfaceName,
		address: found.local,
		netmask: addressText(mask),
		networkAddress: addressText((addressNumber(found.local) & mask) >>> 0),
		privateIpv6Prefixes: privatePrefixes(link),
	};
	checkAddresses(config, network);
	return network;
}

/** RFC 4193. Real networks' addresses are left alone: there a router answers. */
const privateIpv6 = new BlockList();
privateIpv6.addSubnet("fc00::", 7, "ipv6");

function privatePrefixes(link: Link): string[] {
	const prefixes = link.addr_info
		.filter(
			({ family, local, prefixlen }) =>
				family === "inet6" && prefixlen === 64 && privateIpv6.check(local, "ipv6"),
		)
		.map(({ local }) => firstOfNetwork64(local));
	return [...new Set(prefixes)];
}

/** The first address of the /64 network: the upper four groups and `::`. */
function firstOfNetwork64(address: string): string {
	const [upper = "", lower] = address.split("::");
	const upperGroups = upper === "" ? [] : upper.split(":");
	const lowerGroups = lower === undefined || lower === "" ? [] : lower.split(":");
	const zeroes = lower === undefined ? 0 : 8 - upperGroups.length - lowerGroups.length;
	const groups = [...upperGroups, ...Array<string>(zeroes).fill("0"), ...lowerGroups].slice(0, 4);
	while (groups.at(-1) === "0") groups.pop();
	return `${groups.join(":")}::`;
}

function checkAddresses(config: Pick<Config, "file" | "dhcp" | "hosts">, network: Network): void {
	if (config.dhcp.mode !== "server") return;
	const mask = addressNumber(network.netmask);
	const isHere = (address: string) =>
		(addressNumber(address) & mask) >>> 0 === addressNumber(network.networkAddress);
	const { range, router } = config.dhcp;
	const named: [string, string][] = [
		["[dhcp] range", range.first],
		["[dhcp] range", range.last],
		...(router === undefined ? [] : [["[dhcp] router", router] satisfies [string, string]]),
		...config.hosts.map((host) => [`[hosts] ${host.macs[0]}`, host.address] satisfies [string, string]),
	];
	const elsewhere = named.find(([, address]) => !isHere(address));
	if (elsewhere === undefined) return;
	throw new NetherdError(
		"server.address-elsewhere",
		`${elsewhere[0]} in ${config.file}: ${elsewhere[1]} is not on the network of ${network.interfaceName}, ` +
			`${network.networkAddress} with netmask ${network.netmask}`,
		{ hint: "give an address of that network, or correct [network] interface and address" },
	);
}

function maskNumber(prefixLength: number): number {
	return prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
}

function addressText(number: number): string {
	return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}
