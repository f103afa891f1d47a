import type { HardwareFacts } from "../facts/facts.ts";

/**
 * What the machine is made of, for reports; no plan depends on it. Loaded only when asked for: looking around takes
 * systeminformation a second, which no boot should pay.
 */
export async function gatherHardware(): Promise<HardwareFacts> {
	const { default: inventory } = await import("systeminformation");
	const [system, bios, cpu, disks, interfaces] = await Promise.all([
		inventory.system(),
		inventory.bios(),
		inventory.cpu(),
		inventory.diskLayout(),
		inventory.networkInterfaces(),
	]);
	return {
		manufacturer: system.manufacturer,
		model: system.model,
		firmware: `${bios.vendor} ${bios.version}`.trim(),
		processor: `${cpu.manufacturer} ${cpu.brand}`.trim(),
		threads: cpu.cores,
		disks: disks.map(({ device, name, size }) => ({ device, model: name, sizeBytes: size })),
		interfaces: [interfaces]
			.flat()
			.filter(({ internal, virtual }) => !internal && !virtual)
			.map(({ iface, mac, speed }) => ({
				device: iface,
				mac,
				// -1 and null both stand for unknown.
				...(speed === null || speed < 0 ? {} : { megabitsPerSecond: speed }),
			})),
	};
}
