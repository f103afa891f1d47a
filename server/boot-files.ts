import { type Loaders, loaderFile } from "./loaders.ts";

/** What a machine is told to load, by what asks. */
export interface BootFiles {
	/** BIOS, over TFTP. */
	readonly bios: string;
	/** UEFI x86-64, over TFTP. */
	readonly uefi: string;
	/** UEFI x86-64 that boots over HTTP: the loader's URL. */
	readonly uefiHttp: string;
	/** iPXE, which the others may load, or which a card has in its ROM: the boot script's URL. */
	readonly ipxe: string;
}

/** @param site The companion: its address on the nodes' network, and its loaders. */
export function bootFiles({
	address,
	httpPort,
	loaders,
}: {
	readonly address: string;
	readonly httpPort: number;
	readonly loaders: Loaders;
}): BootFiles {
	const site = `http://${address}:${httpPort}`;
	return {
		bios: loaderFile(loaders, "bios"),
		uefi: loaderFile(loaders, "uefi"),
		uefiHttp: `${site}/loader/${loaderFile(loaders, "uefi")}`,
		ipxe: `${site}/boot.ipxe`,
	};
}
