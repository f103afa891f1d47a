import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BootSetup } from "../vm-tests/lib/booted-node.ts";
import { Farm, farmNetwork } from "../vm-tests/lib/farm.ts";
import { type PoweredMachine, powerOn } from "../vm-tests/lib/machine.ts";
import type { Peer, PeerImage } from "./boot-images.ts";

/** A machine that boots a peer's image over iPXE, and what serves it. */
export interface PeerBoot extends AsyncDisposable {
	readonly machine: PoweredMachine;
}

const server = farmNetwork.address;
const mac = "52:54:00:00:00:01";

/** What the peer's own documentation says (live-boot(7), ltsp-kernel(8), nbd-client's README.Debian). */
const parametersOf: { readonly [Name in Peer]: string } = {
	"live-boot": `boot=live fetch=http://${server}/filesystem.squashfs ip=dhcp`,
	LTSP: `root=/dev/nbd0 nbdroot=${server},ltsp,nbd0 rootfstype=squashfs ip=dhcp init=/sbin/init`,
};

/**
 * Serves the image with dnsmasq, busybox httpd and nbdkit, and powers a machine on. DHCP answers as the companion's does:
 * a fixed address without ping, no wait for further answers, router advertisements.
 *
 * @param parameters Added to the kernel command line.
 */
export async function bootPeer(
	peer: Peer,
	{ folder: image }: PeerImage,
	firmware: "bios" | "uefi",
	parameters: string,
	{ hypervisor, bootTree }: BootSetup,
	folder: string,
): Promise<PeerBoot> {
	const farm = new Farm();
	try {
		const site = join(folder, "site");
		mkdirSync(site, { recursive: true });
		const files = ["vmlinuz", "initrd.img", "filesystem.squashfs", ...(peer === "LTSP" ? ["ltsp.img"] : [])];
		for (const file of files) symlinkSync(join(image, file), join(site, file));
		writeFileSync(join(site, "boot.ipxe"), script(peer, parameters));
		const tftp = join(farm.folder, "tftp");
		mkdirSync(tftp, { mode: 0o755 });
		for (const file of ["undionly.kpxe", "snponly.efi"])
			copyFileSync(join(bootTree, "loader", file), join(tftp, file));
		const configuration = join(folder, "dnsmasq.conf");
		writeFileSync(configuration, dnsmasqConfiguration(tftp));
		farm.start(
			["dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root", `--conf-file=${configuration}`],
			join(folder, "dnsmasq.log"),
		);
		farm.start(["busybox", "httpd", "-f", "-p", `${server}:80`, "-h", site], join(folder, "httpd.log"));
		farm.start(
			["nbdkit", "--foreground", "--readonly", "file", join(image, "filesystem.squashfs")],
			join(folder, "nbdkit.log"),
		);
		const machine = await powerOn({ firmware, memoryMiB: 2048, cpus: 2, mac }, { farm, hypervisor, folder });
		return {
			machine,
			async [Symbol.asyncDispose]() {
				await machine.powerOff();
				farm[Symbol.dispose]();
			},
		};
	} catch (error) {
		farm[Symbol.dispose]();
		throw error;
	}
}

function script(peer: Peer, parameters: string): string {
	const extra = peer === "LTSP" ? [`initrd http://${server}/ltsp.img`] : [];
	const names = peer === "LTSP" ? "initrd=initrd.img initrd=ltsp.img" : "initrd=initrd.img";
	return [
		"#!ipxe",
		`initrd http://${server}/initrd.img`,
		...extra,
		`kernel http://${server}/vmlinuz ${names} ${parametersOf[peer]} ${parameters}`,
		"boot",
		"",
	].join("\n");
}

function dnsmasqConfiguration(tftp: string): string {
	return `port=0
no-hosts
no-resolv
pid-file
interface=${farmNetwork.interface}
except-interface=lo
leasefile-ro
dhcp-authoritative
dhcp-range=${farmNetwork.firstLease},${farmNetwork.lastLease},255.255.255.0,1h
dhcp-host=${mac},192.168.67.11,node1
dhcp-option=option:router
dhcp-match=set:ipxe,175
dhcp-match=set:uefi,option:client-arch,7
dhcp-match=set:uefi,option:client-arch,9
dhcp-no-override
dhcp-boot=tag:!ipxe,tag:!uefi,undionly.kpxe
dhcp-boot=tag:!ipxe,tag:uefi,snponly.efi
dhcp-boot=tag:ipxe,http://${server}/boot.ipxe,,${server}
dhcp-option=tag:ipxe,encap:175,176,1b
enable-tftp
tftp-root=${tftp}
enable-ra
ra-param=${farmNetwork.interface},0,0
dhcp-range=fd67:6e65:7468::,ra-only,64,2h
`;
}
