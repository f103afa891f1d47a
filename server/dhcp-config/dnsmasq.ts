import { bootFiles } from "../boot-files.ts";
import { dhcpHostLine } from "../dnsmasq/configuration.ts";
import { comments, type Farm } from "./farm.ts";

/** Lines for dnsmasq; option names as in dnsmasq(8). Nothing in them answers a machine that does not boot over the network. */
export function dnsmasqSnippet(farm: Farm): string {
	const { address, hosts } = farm;
	const files = bootFiles(farm);
	return [
		`# netherd: machines boot from the companion at ${address}. Made by: companion dhcp-config dnsmasq`,
		"# Put it into /etc/dnsmasq.d/netherd.conf, try it with dnsmasq --test, and restart dnsmasq.",
		`# ${comments.ipxe}`,
		"dhcp-userclass=set:netherd-ipxe,iPXE",
		`dhcp-boot=tag:netherd-ipxe,${files.ipxe},,${address}`,
		"# iPXE need not wait for a second answer (its option no-pxedhcp)",
		"dhcp-option=tag:netherd-ipxe,encap:175,176,1b",
		`# ${comments.uefi}`,
		"dhcp-match=set:netherd-uefi,option:client-arch,7",
		"dhcp-match=set:netherd-uefi,option:client-arch,9",
		`dhcp-boot=tag:netherd-uefi,tag:!netherd-ipxe,${files.uefi},,${address}`,
		`# ${comments.http}`,
		"dhcp-match=set:netherd-http,option:client-arch,16",
		`dhcp-boot=tag:netherd-http,tag:!netherd-ipxe,${files.uefiHttp},,${address}`,
		"dhcp-option-force=tag:netherd-http,tag:!netherd-ipxe,60,HTTPClient",
		`# ${comments.bios}`,
		"dhcp-vendorclass=set:netherd-pxe,PXEClient",
		`dhcp-boot=tag:netherd-pxe,tag:!netherd-ipxe,tag:!netherd-uefi,tag:!netherd-http,${files.bios},,${address}`,
		"# boot file in its own field of the packet: some firmware looks nowhere else",
		"dhcp-no-override",
		...(hosts.length === 0 ? [] : [`# ${comments.hosts}`, ...hosts.map(dhcpHostLine)]),
		"",
	].join("\n");
}
