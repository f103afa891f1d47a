/** What a node needs to boot one version of an image. */
export interface BootParameters {
	/** This server, without protocol: `10.0.0.1`. */
	readonly address: string;
	readonly httpPort: number;
	/** Undefined: images are served over HTTP alone. */
	readonly nbdPort: number | undefined;
	readonly image: string;
	readonly version: string;
	/** File names in the version's folder. */
	readonly kernelFile: string;
	readonly initramfsFile: string;
	/** `initramfs`: the whole root is in there, and no image is fetched. */
	readonly rootFormat?: "initramfs" | undefined;
	/** From the configuration; may be empty. */
	readonly extraParameters: string;
}

/**
 * As kernels, initramfs and agent read it: see docs/boot-sequence.md.
 *
 * @param bootInterface Value of BOOTIF=, the card's MAC address as PXELINUX writes it: hardware type and bytes with
 *   hyphens. Undefined: the initramfs takes the card that has a link.
 */
export function kernelCommandLine(parameters: BootParameters, bootInterface: string | undefined): string {
	const { address, httpPort, nbdPort, image, version, rootFormat, extraParameters } = parameters;
	return [
		// With a root= of any kind the kernel unpacks the initramfs into a ramfs. Without one it takes a tmpfs, which holds no
		// more than half of the memory (fs/namespace.c, init/do_mounts.c: init_rootfs).
		rootFormat === "initramfs" ? "root=initramfs" : "root=/dev/nbd0",
		"boot=netherd",
		...(rootFormat === "initramfs" || nbdPort === undefined
			? []
			: [`nbdroot=${address}:${nbdPort}/${image}/${version}`]),
		`netherd.server=http://${address}:${httpPort}`,
		`netherd.image=${image}/${version}`,
		"ip=dhcp",
		...(bootInterface === undefined ? [] : [`BOOTIF=${bootInterface}`]),
		"panic=10",
		// The agent logs more at once than the kernel takes from a program by default (kernel-parameters.txt).
		"printk.devkmsg=on",
		...(extraParameters === "" ? [] : [extraParameters]),
	].join(" ");
}
