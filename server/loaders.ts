/** How firmware gets to kernel and initramfs. */
export type LoaderName = "ipxe" | "grub";
export type Firmware = "bios" | "uefi";

/** The boot loader of each kind of firmware. */
export type Loaders = { readonly [Kind in Firmware]: LoaderName };

/** What firmware asks for over TFTP. The shim, which Secure Boot accepts, loads grubx64.efi from beside itself. */
const firstFiles = {
	bios: { ipxe: "undionly.kpxe", grub: "core.0" },
	uefi: { ipxe: "snponly.efi", grub: "shimx64.efi" },
} as const;

/** Name in DIR/loader of the file that firmware is to load. */
export function loaderFile(loaders: Loaders, firmware: Firmware): string {
	return firstFiles[firmware][loaders[firmware]];
}

/** Every file that must be in DIR/loader. */
export function loaderFiles(loaders: Loaders): string[] {
	return [
		loaderFile(loaders, "bios"),
		loaderFile(loaders, "uefi"),
		...(loaders.uefi === "grub" ? ["grubx64.efi"] : []),
	];
}
