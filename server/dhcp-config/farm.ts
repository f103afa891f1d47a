import type { StaticHost } from "../config/hosts.ts";
import { type Loaders, loaderFile } from "../loaders.ts";

/** What another DHCP server has to know about a companion. */
export interface Farm {
	/** The companion's address on the nodes' network. */
	readonly address: string;
	readonly httpPort: number;
	readonly loaders: Loaders;
	readonly hosts: readonly StaticHost[];
}

/** What a machine is told to load, by what asks. */
export interface BootFiles {
	/** BIOS, over TFTP. */
	readonly bios: string;
	/** UEFI x86-64, over TFTP. */
	readonly uefi: string;
	/** UEFI x86-64 that boots over HTTP: the loader's URL. Always iPXE's: GRUB would look for its grub.cfg over HTTP. */
	readonly uefiHttp: string;
	/** iPXE, which the others may load, or which a card has in its ROM: the boot script's URL. */
	readonly ipxe: string;
}

export function bootFiles({ address, httpPort, loaders }: Farm): BootFiles {
	const site = `http://${address}:${httpPort}`;
	return {
		bios: loaderFile(loaders, "bios"),
		uefi: loaderFile(loaders, "uefi"),
		uefiHttp: `${site}/loader/${loaderFile({ ...loaders, uefi: "ipxe" }, "uefi")}`,
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
