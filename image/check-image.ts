import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { agentProgram, initramfsModules, networkBlockDeviceModule } from "../agent/paths.ts";
import { beginningOf } from "./beginning-of.ts";
import { rootedPath } from "./rooted.ts";
import { runInRoot } from "./run-in-root.ts";

/** Packages with the libraries of the agent, a Node executable. */
const libraryPackages: Readonly<Record<string, string>> = {
	"libstdc++.so.6": "libstdc++6",
	"libgcc_s.so.1": "libgcc-s1",
	"libatomic.so.1": "libatomic1",
	"libc.so.6": "libc6",
	"libm.so.6": "libc6",
};

/**
 * Drivers of the network cards that servers and virtual machines have. Those that the kernel's package has must be in the
 * initramfs; the image is on the other side of the network.
 */
const networkDrivers = [
	...["e1000e", "igb", "igc", "ixgbe", "i40e", "ice", "bnx2", "bnx2x", "bnxt_en", "tg3", "r8169", "be2net"],
	...["mlx4_core", "mlx4_en", "mlx5_core", "qede", "sfc", "cxgb4", "atlantic", "ena", "gve"],
	...["virtio_net", "vmxnet3", "hv_netvsc", "xen-netfront"],
];

/**
 * Starts the agent in the root, where it runs in stages 2 and 3.
 *
 * @throws {NetherdError} `image.agent-does-not-start`.
 */
export async function checkAgentStarts(root: string): Promise<void> {
	const code = "image.agent-does-not-start";
	try {
		await runInRoot(root, [agentProgram, "--version"], { code, hint: "see the last lines" });
	} catch (error) {
		if (!(error instanceof NetherdError) || error.code !== code) throw error;
		const library = /([\w+.-]+\.so\.\d+): cannot open shared object/.exec(error.message)?.[1] ?? "";
		const name = libraryPackages[library] ?? (/version `?GLIBC/.test(error.message) ? "" : undefined);
		throw new NetherdError(code, `the agent does not start in the root: ${error.message}`, {
			hint:
				name === undefined
					? "the root needs glibc 2.28 or later, and the packages libstdc++6, libgcc-s1 and libatomic1, all for amd64"
					: name === ""
						? "the root's C library is too old: use Debian 12, Ubuntu 22.04 or later"
						: `install the library in the source: apt-get install ${name}`,
		});
	}
}

/**
 * Whether the modules that stage 1 loads, and drivers for the network, are in the initramfs or in the kernel itself.
 *
 * @param files Names in the initramfs.
 * @throws {NetherdError} `image.kernel-lacks-modules` when the root does not have them either, `image.modules-missing`.
 */
export function checkModules(root: string, release: string, files: readonly string[]): void {
	const inInitramfs = new Set(files.flatMap(moduleName));
	const inRoot = modulesOfRoot(root, release);
	const needed = [...initramfsModules, networkBlockDeviceModule, "af_packet"].map(moduleKey);
	const unknown = needed.filter((name) => !inRoot.has(name));
	if (unknown.length > 0) {
		throw new NetherdError(
			"image.kernel-lacks-modules",
			`the kernel ${release} of the root has no module ${unknown.join(", ")}`,
			{
				hint:
					"install a kernel with all its modules in the source: apt-get install linux-image-amd64 " +
					`(Ubuntu: linux-image-generic, linux-modules-extra-${release})`,
			},
		);
	}
	const drivers = networkDrivers.map(moduleKey).filter((name) => inRoot.has(name));
	if (drivers.length === 0) {
		throw new NetherdError(
			"image.kernel-lacks-modules",
			`the kernel ${release} of the root has no driver for a network card that netherd knows`,
			{
				hint:
					"install a kernel with its drivers in the source: apt-get install linux-image-amd64 " +
					`(Ubuntu: linux-modules-extra-${release})`,
			},
		);
	}
	const missing = [...needed, ...drivers].filter(
		(name) => !inInitramfs.has(name) && inRoot.get(name) !== "built in",
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

/**
 * Whether the files can be what they are called: a build that ended too early shows here, and not on a node.
 *
 * @param folder With `files`: vmlinuz, initramfs.img and, where there is one, image.squashfs.
 * @throws {NetherdError} `image.size-implausible`.
 */
export function checkSizes(folder: string, files: readonly string[]): void {
	for (const [file, minimumBytes] of [
		["vmlinuz", 1_000_000],
		["initramfs.img", 10_000_000],
		["image.squashfs", 30_000_000],
	] as const) {
		if (!files.includes(file)) continue;
		const { size } = statSync(join(folder, file));
		if (size >= minimumBytes) continue;
		throw new NetherdError("image.size-implausible", `${file} has ${size} bytes, fewer than any that works`, {
			hint: "look at the build's lines above; is the source a whole system, with kernel and packages?",
		});
	}
	if (!files.includes("image.squashfs")) return;
	const image = join(folder, "image.squashfs");
	const usedBytes = squashfsBytes(image);
	const { size } = statSync(image);
	if (usedBytes !== undefined && size >= usedBytes) return;
	throw new NetherdError(
		"image.size-implausible",
		`image.squashfs has ${size} bytes, its own header says ${usedBytes ?? "nothing"}`,
		{ hint: "build again; if it happens again, the disk or mksquashfs is at fault" },
	);
}

/** `bytes_used` of the superblock (Documentation/filesystems/squashfs.rst, fs/squashfs/squashfs_fs.h). */
function squashfsBytes(file: string): number | undefined {
	const start = beginningOf(file, 96);
	return start.subarray(0, 4).toString("latin1") === "hsqs" ? Number(start.readBigUInt64LE(40)) : undefined;
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
