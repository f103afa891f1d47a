import { rmSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "../agent/errors.ts";
import { sayWithTime } from "../image/progress.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { BootedNode, type BootSetup } from "../vm-tests/lib/booted-node.ts";
import type { Console } from "../vm-tests/lib/console.ts";
import { prepareBoots, vmFolder } from "../vm-tests/lib/prepare.ts";
import { memoryMiB } from "../vm-tests/lib/states.ts";
import { buildPeerImage, type Peer, type PeerImage } from "./boot-images.ts";
import { bootPeer } from "./boot-peer.ts";
import { heading, medianOf, type Row } from "./table.ts";

type Firmware = "bios" | "uefi";

interface Contestant {
	readonly name: string;
	readonly firmware: Firmware;
	readonly system: { readonly netherd: "ipxe" | "grub" } | { readonly peer: Peer };
}

const systems: readonly Pick<Contestant, "name" | "system">[] = [
	{ name: "netherd, iPXE", system: { netherd: "ipxe" } },
	{ name: "netherd, GRUB", system: { netherd: "grub" } },
	{ name: "live-boot fetch=, iPXE", system: { peer: "live-boot" } },
	{ name: "LTSP over NBD, iPXE", system: { peer: "LTSP" } },
];
const firmwares: readonly Firmware[] = ["bios", "uefi"];
const contestants: readonly Contestant[] = systems.flatMap((each) =>
	firmwares.map((firmware) => ({ ...each, firmware })),
);

const phases = ["kernel", "initramfs", "root", "systemd", "multi-user"] as const;
type Phase = (typeof phases)[number];

/** What shows on every console that a phase begins, or has come to its end; `root` is each system's own. */
const texts: { readonly [Name in Exclude<Phase, "root">]: RegExp } = {
	kernel: /\bLinux version \d/,
	initramfs: /Run \/init as init process/,
	systemd: /systemd\[1\]: systemd \S+ running in system mode/,
	"multi-user": /systemd\[1\]: Reached target multi-user\.target/,
};
const netherdRoot = /netherd: initramfs done/;
/** initramfs-tools: what follows when the root is mounted. LTSP makes its overlay there. */
const peerRoot = /Begin: Running \/scripts\/init-bottom/;

/** The same for all: systemd's own messages go where the kernel's go, so that a login prompt does not cut them off. */
const consoleParameters = "systemd.log_target=kmsg systemd.show_status=no printk.devkmsg=on";

const bootLimit = { timeoutMs: 120_000 } as const;

/** From power-on to multi-user.target, by phase: netherd by loader, beside Debian's live-boot and LTSP, on the same packages. */
export async function benchBoot({ rounds }: { readonly rounds: number }): Promise<readonly Row[]> {
	const say = sayWithTime();
	await ensureDebianPackages(["busybox", "dnsmasq-base", "nbdkit"], "serve live-boot and LTSP");
	const setup = await prepareBoots(say);
	const images: { readonly [Name in Peer]: PeerImage } = {
		"live-boot": await buildPeerImage("live-boot", say),
		LTSP: await buildPeerImage("LTSP", say),
	};
	const times = new Map<Contestant, Record<Phase, number>[]>();
	for (let round = 1; round <= rounds; round++) {
		for (const contestant of contestants) {
			const label = `${round}/${rounds} ${contestant.firmware} ${contestant.name}`;
			try {
				const found = await bootOnce(contestant, setup, images);
				say(`${label}: ${cells([found])}`);
				times.set(contestant, [...(times.get(contestant) ?? []), found]);
			} catch (error) {
				// The others' numbers are worth having.
				say(`${label}: did not arrive: ${describeError(error)}`);
			}
		}
	}
	return [
		{ what: `seconds from power-on, median of ${rounds}: when`, measured: phases.join(" | ") },
		...firmwares.flatMap((firmware) => [
			heading(firmware === "bios" ? "BIOS" : "UEFI"),
			...contestants
				.filter((each) => each.firmware === firmware)
				.map((each) => ({ what: `  ${each.name}`, measured: cells(times.get(each) ?? []) })),
		]),
	];
}

async function bootOnce(
	{ name, firmware, system }: Contestant,
	setup: BootSetup,
	images: { readonly [Name in Peer]: PeerImage },
): Promise<Record<Phase, number>> {
	const folder = join(vmFolder, "bench-boot", `${firmware}-${name.replaceAll(/[^\w-]+/g, "-")}`);
	rmSync(folder, { recursive: true, force: true });
	if ("netherd" in system) {
		const state = {
			firmware,
			memoryMiB,
			loader: system.netherd,
			ltsConf: "[default]\n",
			kernelParameters: consoleParameters,
		};
		await using node = await BootedNode.boot(state, setup, folder);
		return await watch(node.machine.console, netherdRoot);
	}
	const { peer } = system;
	const parameters = `console=ttyS0 ${consoleParameters}`;
	await using boot = await bootPeer(peer, images[peer], firmware, parameters, setup, folder);
	return await watch(boot.machine.console, peerRoot);
}

/** Milliseconds from power-on to each phase. */
async function watch(console: Console, root: RegExp): Promise<Record<Phase, number>> {
	const at = async (text: RegExp) => (await console.waitFor(text, bootLimit)).atMs;
	const multiUser = await at(texts["multi-user"]);
	return {
		kernel: await at(texts.kernel),
		initramfs: await at(texts.initramfs),
		root: await at(root),
		systemd: await at(texts.systemd),
		"multi-user": multiUser,
	};
}

function cells(found: readonly Record<Phase, number>[]): string {
	if (found.length === 0) return "did not arrive";
	return phases
		.map((phase) => (medianOf(found.map((each) => each[phase])) / 1000).toFixed(1).padStart(5))
		.join(" | ");
}
