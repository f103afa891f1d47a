import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { initramfsModules, networkBlockDeviceModule } from "../agent/paths.ts";
import { rootedPath } from "./rooted.ts";

/** What stage 1 loads, and what DHCP needs. */
const neededModules = [...initramfsModules, networkBlockDeviceModule, "af_packet"].map(moduleKey);

/**
 * Drivers of the network cards that servers and virtual machines have. Those that the kernel's package has must be in the
 * initramfs; the image is on the other side of the network.
 */
const networkDrivers = [
	...["e1000e", "igb", "igc", "ixgbe", "i40e", "ice", "bnx2", "bnx2x", "bnxt_en", "tg3", "r8169", "be2net"],
	...["mlx4_core", "mlx4_en", "mlx5_core", "qede", "sfc", "cxgb4", "atlantic", "ena", "gve"],
	...["virtio_net", "vmxnet3", "hv_netvsc", "xen_netfront"],
];

/**
 * Whether a root's kernel has the modules that stage 1 loads, and drivers for the network, as modules or in itself.
 *
 * @throws {NetherdError} `image.kernel-lacks-modules`.
 */
export function checkKernelModules(root: string, release: string): void {
	const inRoot = modulesOfRoot(root, release);
	const lacking = neededModules.filter((name) => !inRoot.has(name));
	const hasDriver = networkDrivers.some((name) => inRoot.has(name));
	if (lacking.length === 0 && hasDriver) return;
	throw new NetherdError(
		"image.kernel-lacks-modules",
		lacking.length > 0
			? `the kernel ${release} of the root has no module ${lacking.join(", ")}`
			: `the kernel ${release} of the root has no driver for a network card that netherd knows`,
		{
			hint:
				"install a kernel with all its modules in the source: apt-get install linux-image-amd64 " +
				`(Ubuntu: linux-image-generic, linux-modules-extra-${release})`,
		},
	);
}

/**
 * Whether those modules and drivers are in the initramfs, where they are not in the kernel itself.
 *
 * @param files Names in the initramfs.
 * @throws {NetherdError} `image.modules-missing`.
 */
export function checkInitramfsModules(root: string, release: string, files: readonly string[]): void {
	const inInitramfs = new Set(files.flatMap(moduleName));
	const inRoot = modulesOfRoot(root, release);
	const missing = [...neededModules, ...networkDrivers].filter(
		(name) => inRoot.get(name) === "module" && !inInitramfs.has(name),
	);
	if (missing.length === 0) return;
	throw new NetherdError(
		"image.modules-missing",
		`the initramfs lacks modules that the root has: ${missing.join(", ")}`,
		{
			hint:
				"a hook or setting of the source takes them out: look into /etc/initramfs-tools there; " +
				"apt-get install --reinstall initramfs-tools-core kmod",
		},
	);
}

function modulesOfRoot(root: string, release: string): ReadonlyMap<string, "module" | "built in"> {
	const folder = rootedPath(root, `usr/lib/modules/${release}`, true) ?? "";
	const read = (file: string): string[] => {
		try {
			return readFileSync(join(folder, file), "utf8").split("\n");
		} catch {
			return [];
		}
	};
	return new Map([
		...read("modules.dep").flatMap((line) =>
			moduleName(line.split(":")[0] ?? "").map((name) => [name, "module"] as const),
		),
		...read("modules.builtin").flatMap((line) => moduleName(line).map((name) => [name, "built in"] as const)),
	]);
}

/** `virtio_net` of any path to `virtio_net.ko.xz`; none of what is no module. */
function moduleName(path: string): string[] {
	const name = /^(.+)\.ko(\.(xz|zst|gz))?$/.exec(basename(path))?.[1];
	return name === undefined ? [] : [moduleKey(name)];
}

/** The kernel takes hyphen and underscore for the same. */
function moduleKey(name: string): string {
	return name.replaceAll("-", "_");
}
