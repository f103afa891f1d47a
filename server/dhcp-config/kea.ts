import { bootFiles } from "../boot-files.ts";
import { comments, type Farm } from "./farm.ts";

/**
 * Members of "Dhcp4" for Kea 2.2 and later, as JSON with comments, which Kea reads. Names as in Kea's reference manual,
 * "The DHCPv4 Server".
 */
export function keaSnippet(farm: Farm): string {
	const { address, hosts } = farm;
	const files = bootFiles(farm);
	const isIpxe = "option[77].hex == 'iPXE'";
	const unless = (...classes: readonly string[]) =>
		classes.map((name) => `not member('netherd-${name}')`).join(" and ");
	const members = {
		"option-def": [{ name: "netherd-ipxe-encapsulated", code: 175, type: "binary" }],
		"client-classes": [
			{
				name: "netherd-ipxe",
				test: isIpxe,
				"next-server": address,
				"boot-file-name": files.ipxe,
				// Option 176, one byte, 1: no-pxedhcp, iPXE need not wait for a second answer.
				"option-data": [{ name: "netherd-ipxe-encapsulated", "csv-format": false, data: "B00101" }],
			},
			{
				name: "netherd-uefi",
				test: `${unless("ipxe")} and (option[93].hex == 0x0007 or option[93].hex == 0x0009)`,
				"next-server": address,
				"boot-file-name": files.uefi,
			},
			{
				name: "netherd-http",
				test: `${unless("ipxe")} and option[93].hex == 0x0010`,
				"next-server": address,
				"boot-file-name": files.uefiHttp,
				"option-data": [{ name: "vendor-class-identifier", data: "HTTPClient", "always-send": true }],
			},
			{
				name: "netherd-bios",
				test: `${unless("ipxe", "uefi", "http")} and substring(option[60].hex, 0, 9) == 'PXEClient'`,
				"next-server": address,
				"boot-file-name": files.bios,
			},
		],
		...(hosts.length === 0
			? {}
			: {
					// Several cards of one node have one address.
					"ip-reservations-unique": false,
					"reservations-global": true,
					"reservations-in-subnet": true,
					reservations: hosts.flatMap(({ macs, address, hostname }) =>
						macs.map((mac) => ({
							"hw-address": mac,
							"ip-address": address,
							...(hostname === undefined ? {} : { hostname }),
						})),
					),
				}),
	};
	return `# netherd: machines boot from the companion at ${address}. Made by: companion dhcp-config kea
# Put these members into "Dhcp4" of /etc/kea/kea-dhcp4.conf, together with your subnet4; if a list of the same
# name is there already, add to it. Try it with kea-dhcp4 -t /etc/kea/kea-dhcp4.conf, and restart kea-dhcp4-server.
#
# netherd-ipxe: ${comments.ipxe}.
# netherd-uefi: ${comments.uefi}.
# netherd-http: ${comments.http}.
# netherd-bios: ${comments.bios}.
${hosts.length === 0 ? "" : `# reservations: ${comments.hosts}. While one card's lease\n# lasts, Kea gives another card of that node an address of the pool, and the node's name.\n`}${JSON.stringify({ Dhcp4: members }, null, 2)}
`;
}
