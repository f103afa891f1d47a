import type { StaticHost } from "../config/hosts.ts";
import type { Loaders } from "../loaders.ts";

/** What another DHCP server has to know about a companion. */
export interface Farm {
	/** The companion's address on the nodes' network. */
	readonly address: string;
	readonly httpPort: number;
	readonly loaders: Loaders;
	readonly hosts: readonly StaticHost[];
}

/** The same for every program: how iPXE is told apart, or it would load itself again and again. */
export const comments = {
	ipxe: "iPXE sends the user class iPXE; it gets the boot script",
	uefi: "UEFI x86-64: client architecture 7, some firmware says 9 (RFC 4578, section 2.1)",
	http: "UEFI HTTP boot: client architecture 16; it takes an answer only with the vendor class HTTPClient",
	bios: "BIOS, and whatever else says that it boots over the network",
	hosts: "nodes of [hosts]; each of their network cards leads to the same address",
} as const;
