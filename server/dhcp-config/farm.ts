import { loaderFiles } from "../boot-tree.ts";
import type { StaticHost } from "../config/hosts.ts";

/** What another DHCP server has to know about a companion. */
export interface Farm {
	/** The companion's address on the nodes' network. */
	readonly address: string;
	readonly httpPort: number;
	readonly hosts: readonly StaticHost[];
}

/** What a machine is told to load, by what asks. */
export interface BootFiles {
	/** BIOS, over TFTP. */
	readonly bios: string;
	/** UEFI x86-64, over TFTP. */
	readonly uefi: string;
	/** UEFI x86-64 that boots over HTTP: the loader's URL. */
	readonly uefiHttp: string;
	/** iPXE, which the other three load: the boot script's URL. */
	readonly ipxe: string;
}

export function bootFiles({ address, httpPort }: Farm): BootFiles {
	const site = `http://${address}:${httpPort}`;
	return {
		bios: loaderFiles.bios,
		uefi: loaderFiles.uefi,
		uefiHttp: `${site}/loader/${loaderFiles.uefi}`,
		ipxe: `${site}/boot.ipxe`,
	};
}

/** The same for every program: how iPXE is told apart, or it would load itself again and again. */
export const comments = {
	ipxe: "iPXE sends the user class iPXE; it gets the boot script",
	uefi: "UEFI x86-64: client architecture 7, some firmware says 9 (RFC 4578, section 2.1)",
	http: "UEFI HTTP boot: client architecture 16; it takes an answer only with the vendor class HTTPClient",
	bios: "BIOS, and whatever else says that it boots over the network",
	hosts: "nodes of [hosts]; each of their network cards leads to the same address",
} as const;
