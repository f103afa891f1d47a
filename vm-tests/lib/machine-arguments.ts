import type { Accelerator } from "./accelerator.ts";
import type { UefiKind } from "./qemu-program.ts";

export type FirmwareKind = "bios" | UefiKind;

/** A diskless machine that boots from the network. */
export interface MachineHardware {
	readonly firmware: FirmwareKind;
	readonly memoryMiB: number;
	readonly cpus: number;
	/** MAC address of the only network card. */
	readonly mac: string;
	/** How UEFI firmware asks for the boot loader; TFTP where nothing is said. */
	readonly bootsOver?: "tftp" | "http";
}

/** Where a machine meets this host. */
export interface MachineConnections {
	/** Tap device, in the network namespace that QEMU runs in. */
	readonly tap: string;
	/** Paths of the sockets that QEMU makes: control (QMP) and the guest's test channel. */
	readonly qmpSocket: string;
	readonly guestSocket: string;
	/** UEFI only: the firmware's code, and this machine's own copy of its variables. */
	readonly firmwareCode?: string;
	readonly firmwareVariables?: string;
}

/** QEMU's arguments (qemu-system man page) for a machine whose serial console is QEMU's standard output. */
export function machineArguments(
	hardware: MachineHardware,
	connections: MachineConnections,
	{ accel, cpu }: Pick<Accelerator, "accel" | "cpu">,
): string[] {
	const { firmware, memoryMiB, cpus, mac, bootsOver } = hardware;
	return [
		...["-nodefaults", "-no-user-config", "-display", "none"],
		...["-accel", accel, "-cpu", cpu, "-smp", `${cpus}`, "-m", `${memoryMiB}`],
		...(firmware === "bios" ? biosArguments(mac) : uefiArguments(firmware, mac, connections)),
		...(bootsOver === "http" ? onlyHttpBoot : []),
		...["-netdev", `tap,id=net,ifname=${connections.tap},script=no,downscript=no`],
		// Without a source of randomness, sshd and containerd wait for the kernel to collect some.
		...["-device", "virtio-rng-pci"],
		...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
		...["-chardev", `socket,id=test,path=${connections.guestSocket},server=on,wait=off`],
		...["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=test,name=netherd.test"],
		...["-qmp", `unix:${connections.qmpSocket},server=on,wait=off`],
	];
}

/** SeaBIOS finds the card's own boot ROM (iPXE) by its default name; `graphics=off` puts both on the serial line. */
function biosArguments(mac: string): string[] {
	return [
		...["-machine", "q35,graphics=off", "-boot", "order=n"],
		...["-device", `virtio-net-pci,netdev=net,mac=${mac},bootindex=1`],
	];
}

/** OVMF has a PXE client of its own: without the card's ROM it is the one that loads the boot loader. */
function uefiArguments(
	kind: UefiKind,
	mac: string,
	{ firmwareCode, firmwareVariables }: MachineConnections,
): string[] {
	return [
		...(kind === "uefi" ? ["-machine", "q35"] : secureBootArguments),
		...["-drive", `if=pflash,format=raw,readonly=on,file=${firmwareCode}`],
		...["-drive", `if=pflash,format=raw,file=${firmwareVariables}`],
		...["-device", `virtio-net-pci,netdev=net,mac=${mac},romfile=,bootindex=1`],
	];
}

/** The firmware keeps its variables, keys among them, from the system by system management mode (OVMF's README). */
const secureBootArguments = [
	...["-machine", "q35,smm=on"],
	...["-global", "driver=cfi.pflash01,property=secure,value=on"],
];

/** OVMF then makes no entries for PXE (OvmfPkg/README, "Network Support"), and those for HTTP boot are the first. */
const onlyHttpBoot = ["IPv4PXESupport", "IPv6PXESupport"].flatMap((name) => [
	"-fw_cfg",
	`name=opt/org.tianocore/${name},string=n`,
]);
