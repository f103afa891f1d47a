import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";
import type { TwoHosts } from "./two-hosts.ts";

/** What a client says about itself. */
export interface DhcpRequest {
	/** RFC 4578 client architecture: 0 BIOS, 7 and 9 UEFI x86-64. */
	readonly architecture?: number;
	/** iPXE's own option 175, and the user class iPXE. */
	readonly isIpxe?: boolean;
	/** UEFI that boots over HTTP says that it is another kind of client. */
	readonly isHttpBoot?: boolean;
}

/** A lease as busybox udhcpc hands it to its script: ip, boot_file, siaddr, router, dns, domain, lease, … */
export type Lease = Readonly<Record<string, string>>;

/** Asks for a lease from the client's end of the cable; sets no address. */
export async function askForLease(hosts: TwoHosts, request: DhcpRequest = {}): Promise<Lease> {
	const script = join(temporaryFolder(), "udhcpc.sh");
	writeFileSync(script, '#!/bin/sh\n[ "$1" != bound ] || env\n');
	chmodSync(script, 0o755);
	const { architecture, isIpxe, isHttpBoot } = request;
	const arch = (architecture ?? 0).toString(16).padStart(4, "0");
	const outcome = await hosts.run("client", [
		...["env", "-i", "busybox", "udhcpc", "-i", "lan", "-f", "-q", "-n", "-t", "10", "-T", "1", "-s", script],
		...["-O", "bootfile", "-O", "serverid", "-O", "175", "-O", "60"],
		...(architecture === undefined
			? []
			: ["-V", `${isHttpBoot ? "HTTP" : "PXE"}Client:Arch:0${arch}:UNDI:003016`, "-x", `0x5d:${arch}`]),
		...(isIpxe ? ["-x", "0xaf:b10501", "-x", "0x4d:69505845"] : []),
	]);
	if (outcome.exitCode !== 0) throw new Error(`udhcpc: ${outcome.stderr}`);
	return Object.fromEntries(
		outcome.stdout.split("\n").map((line) => {
			const [name = "", ...value] = line.split("=");
			return [name, value.join("=")];
		}),
	);
}
