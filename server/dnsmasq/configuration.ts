import { type BootFiles, bootFiles } from "../boot-files.ts";
import type { StaticHost } from "../config/hosts.ts";
import type { Config, DhcpServerConfig } from "../config/read-config.ts";
import { type Firmware, type Loaders, loaderFile } from "../loaders.ts";
import type { Network } from "../network.ts";

/*
 * What the two dnsmasqs read on their standard input; option names as in dnsmasq(8). They have no files of their own.
 *
 * They are two because tftp-single-port needs a socket on all addresses: with bind-interfaces, dnsmasq 2.90 answers TFTP
 * from an uninitialized source address ("failed to send packet: Network is unreachable"). And DHCP needs bind-interfaces
 * to live beside other DHCP servers on other interfaces, such as libvirt's. Apart, each also has fewer privileges.
 */

/** TFTP on one port, 69, so that firewalls and NAT have nothing to guess; answers on the interface only. */
export function tftpConfiguration(network: Network, loaderFolder: string): string {
	return lines(
		...noDns,
		`interface=${network.interfaceName}`,
		"except-interface=lo",
		"enable-tftp",
		`tftp-root=${loaderFolder}`,
		"tftp-single-port",
	);
}

/**
 * DHCP or proxy DHCP. What it learns it may forget:
 *
 * - `leasefile-ro`: leases live in memory only.
 * - `dhcp-authoritative`: after a restart a node that renews a lease that is no longer known gets it again.
 * - The address is a hash of the MAC address (dnsmasq's way unless told otherwise), so a node that asks anew after a
 *   restart gets the same one. Handing out in sequence would give it another node's.
 * - Two nodes may hash to one address: before a first offer dnsmasq pings, which takes 3 s. [hosts] are spared that.
 * - `dhcp-ignore-clid`: firmware, boot loader, initramfs and system send different client identifiers; the MAC address
 *   is what they share.
 */
export function dhcpConfiguration(
	config: Pick<Config, "dhcp" | "hosts" | "httpPort" | "loaders" | "routerAdvertisements">,
	network: Network,
): string {
	const { dhcp, httpPort, loaders, routerAdvertisements } = config;
	const files = bootFiles({ address: network.address, httpPort, loaders });
	return lines(
		...noDns,
		"# one interface, beside other servers on other interfaces",
		`interface=${network.interfaceName}`,
		"except-interface=lo",
		"bind-interfaces",
		"leasefile-ro",
		"log-dhcp",
		...(dhcp.mode === "server" ? serverLines(dhcp, config.hosts, network) : proxyLines(network)),
		"# iPXE sends option 175, and the user class iPXE",
		"dhcp-match=set:ipxe,175",
		"dhcp-userclass=set:ipxe,iPXE",
		"# RFC 4578, section 2.1: UEFI x86-64 is 7, some firmware says 9",
		"dhcp-match=set:uefi,option:client-arch,7",
		"dhcp-match=set:uefi,option:client-arch,9",
		"# UEFI that boots over HTTP is 16; it takes only an answer of its own vendor class (UEFI 2.10, section 24.7.3.1)",
		"dhcp-match=set:http,option:client-arch,16",
		dhcp.mode === "server"
			? "dhcp-option-force=tag:http,tag:!ipxe,option:vendor-class,HTTPClient"
			: "dhcp-pxe-vendor=PXEClient,HTTPClient",
		"# boot file in its own field of the packet: some firmware looks nowhere else",
		"dhcp-no-override",
		...(dhcp.mode === "server"
			? [...loaderByBootFile(files, loaders), ...noOtherAnswers]
			: loaderByPxeService(loaders)),
		`dhcp-boot=tag:!ipxe,tag:http,${files.uefiHttp},,${network.address}`,
		// With this server's address: iPXE takes a proxy's file only from an answer that has a next server.
		...chainedTo(loaders).map((tags) => `dhcp-boot=${tags},${files.ipxe},,${network.address}`),
		...(routerAdvertisements ? routerAdvertisementLines(network) : []),
	);
}

const noDns = ["# no DNS, no files", "port=0", "no-hosts", "no-resolv", "pid-file"];

function serverLines(dhcp: DhcpServerConfig, hosts: Config["hosts"], network: Network): string[] {
	const { range, lease, router, dns, domain } = dhcp;
	return [
		"# addresses",
		"dhcp-authoritative",
		"dhcp-ignore-clid",
		`dhcp-range=${range.first},${range.last},${network.netmask},${lease}`,
		// An option without value is not sent; unset, dnsmasq would name itself as the router.
		router === undefined ? "dhcp-option=option:router" : `dhcp-option=option:router,${router}`,
		...(dns.length === 0 ? [] : [`dhcp-option=option:dns-server,${dns.join(",")}`]),
		...(domain === undefined ? [] : [`domain=${domain}`]),
		...hosts.map(dhcpHostLine),
	];
}

/** Several cards of one node share its address; one of them at a time has it (dnsmasq(8), --dhcp-host). */
export function dhcpHostLine({ macs, address, hostname }: StaticHost): string {
	return `dhcp-host=${[...macs, address, ...(hostname === undefined ? [] : [hostname])].join(",")}`;
}

const firmwareTags: { readonly [Kind in Firmware]: string } = {
	bios: "tag:!uefi,tag:!http",
	uefi: "tag:uefi",
};
const firmwareKinds = ["bios", "uefi"] as const;

/** Machines that are to be led on by iPXE's script once they run iPXE, also where it is their card's own ROM. */
function chainedTo(loaders: Loaders): string[] {
	const kinds = firmwareKinds.filter((kind) => loaders[kind] === "ipxe");
	return kinds.length === firmwareKinds.length
		? ["tag:ipxe"]
		: kinds.map((kind) => `tag:ipxe,${firmwareTags[kind]}`);
}

/** Where GRUB is wanted, a card whose ROM is iPXE gets it, too. */
function notYet(loaders: Loaders, kind: Firmware): string {
	return loaders[kind] === "ipxe" ? "tag:!ipxe," : "";
}

function loaderByBootFile(files: BootFiles, loaders: Loaders): string[] {
	return [
		...firmwareKinds.map((kind) => `dhcp-boot=${notYet(loaders, kind)}${firmwareTags[kind]},${files[kind]}`),
	];
}

/** iPXE's option no-pxedhcp: without it iPXE waits 3 s for a second answer (https://ipxe.org/howto/dhcpd). */
const noOtherAnswers = ["dhcp-option=tag:ipxe,encap:175,176,1b"];

/** Beside another DHCP server, which gives the addresses (PXE specification 2.1, section 2.2.3). */
function proxyLines(network: Network): string[] {
	return ["# no addresses, boot files only", `dhcp-range=${network.networkAddress},proxy,${network.netmask}`];
}

/** As a proxy, dnsmasq answers firmware only by boot services: it then asks port 4011 for the file. */
function loaderByPxeService(loaders: Loaders): string[] {
	const services = [
		["x86PC", "bios"],
		["X86-64_EFI", "uefi"],
		["BC_EFI", "uefi"],
	] as const;
	return services.map(
		([architecture, kind]) =>
			`pxe-service=${notYet(loaders, kind)}${architecture},netherd,${loaderFile(loaders, kind)}`,
	);
}

/**
 * An answer to iPXE's router solicitation, without which it waits 4 to 16 seconds. dnsmasq answers only with a network
 * of which the interface has an address. A lifetime of zero says: not a default router (RFC 4861, section 4.2).
 */
function routerAdvertisementLines(network: Network): string[] {
	if (network.privateIpv6Prefixes.length === 0) return [];
	return [
		"# IPv6 router advertisements",
		"enable-ra",
		`ra-param=${network.interfaceName},0,0`,
		...network.privateIpv6Prefixes.map((prefix) => `dhcp-range=${prefix},ra-only,64,2h`),
	];
}

function lines(...all: readonly string[]): string {
	return `${all.join("\n")}\n`;
}
