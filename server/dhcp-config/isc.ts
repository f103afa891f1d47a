import { bootFiles } from "../boot-files.ts";
import type { StaticHost } from "../config/hosts.ts";
import { comments, type Farm } from "./farm.ts";

/** Declarations for ISC dhcpd; as in dhcpd.conf(5) and dhcp-eval(5). A class counts more than the subnet around it. */
export function iscSnippet(farm: Farm): string {
	const { address, hosts } = farm;
	const files = bootFiles(farm);
	return `# netherd: machines boot from the companion at ${address}. Made by: companion dhcp-config isc
# Save it as /etc/dhcp/netherd.conf, add to dhcpd.conf, outside of any subnet:  include "/etc/dhcp/netherd.conf";
# Try it with dhcpd -t, and restart dhcpd.
option netherd-architecture code 93 = unsigned integer 16;
option space netherd-ipxe;
option netherd-ipxe.no-pxedhcp code 176 = unsigned integer 8;
option netherd-ipxe-encapsulated code 175 = encapsulate netherd-ipxe;

class "netherd" {
  match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"
    or substring(option vendor-class-identifier, 0, 10) = "HTTPClient"
    or option user-class = "iPXE";
  next-server ${address};
  if option user-class = "iPXE" {
    # ${comments.ipxe}, and need not wait for a second answer.
    filename "${files.ipxe}";
    option netherd-ipxe.no-pxedhcp 1;
  } elsif option netherd-architecture = 00:07 or option netherd-architecture = 00:09 {
    # ${comments.uefi}.
    filename "${files.uefi}";
  } elsif option netherd-architecture = 00:10 {
    # ${comments.http}.
    option vendor-class-identifier "HTTPClient";
    filename "${files.uefiHttp}";
  } else {
    # ${comments.bios}.
    filename "${files.bios}";
  }
}
${hosts.length === 0 ? "" : `\n# ${comments.hosts}; one declaration for each card.\n${hosts.flatMap(hostDeclarations).join("")}`}`;
}

function hostDeclarations({ macs, address, hostname }: StaticHost): string[] {
	const name = hostname ?? `node-${address.replaceAll(".", "-")}`;
	return macs.map((mac, index) => {
		const hostnameOption = hostname === undefined ? "" : ` option host-name "${hostname}";`;
		return `host netherd-${name}${index === 0 ? "" : `-${index + 1}`} { hardware ethernet ${mac}; fixed-address ${address};${hostnameOption} }\n`;
	});
}
