import { readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { beginningOf } from "./beginning-of.ts";
import { checkKernelModules } from "./check-modules.ts";
import { matchesIn } from "./clean-root.ts";
import { rootedPath, rootedStatus } from "./rooted.ts";

/** What a root must have before anything is built from it, and the Debian package that has it. */
const needed: readonly (readonly [debianPackage: string, what: string, paths: readonly string[]])[] = [
	["kmod", "modprobe", ["usr/sbin/modprobe", "sbin/modprobe"]],
	["mount", "mount", ["usr/bin/mount", "bin/mount"]],
	["udev", "udevadm", ["usr/bin/udevadm", "bin/udevadm"]],
	["iproute2", "ip", ["usr/sbin/ip", "sbin/ip", "usr/bin/ip"]],
	["dbus", "dbus-daemon", ["usr/bin/dbus-daemon", "usr/bin/dbus-broker"]],
	["initramfs-tools", "mkinitramfs or dracut", ["usr/sbin/mkinitramfs", "usr/bin/dracut"]],
	["busybox", "busybox", ["usr/bin/busybox", "bin/busybox"]],
	["zstd", "zstd", ["usr/bin/zstd"]],
	["libstdc++6", "libstdc++.so.6", ["usr/lib/x86_64-linux-gnu/libstdc++.so.6", "usr/lib64/libstdc++.so.6"]],
	["libatomic1", "libatomic.so.1", ["usr/lib/x86_64-linux-gnu/libatomic.so.1", "usr/lib64/libatomic.so.1"]],
];

/** Without these, nothing else in a root is found. Those that a root does not have are none of its business. */
const essentialLinks = [
	"bin",
	"sbin",
	"lib",
	"lib64",
	"usr/bin",
	"usr/sbin",
	"usr/lib",
	"sbin/init",
	"bin/sh",
];

/** The kernel that goes with a root. */
export interface KernelInRoot {
	/** As `uname -r` says it. */
	readonly release: string;
	/** Real path of the file. */
	readonly file: string;
}

/**
 * Looks at a root before anything is built from it: what would only show after minutes, or on the node.
 *
 * @param release The kernel to take; the newest when undefined.
 * @returns Its kernel.
 * @throws {NetherdError} `image.source-no-system`, `image.broken-link`, `image.no-init`, `image.wrong-architecture`,
 *   `image.no-kernel`, `image.kernel-unusable`, `image.no-modules`, `image.kernel-lacks-modules`, `image.packages-missing`.
 */
export function checkRoot(root: string, release?: string): KernelInRoot {
	if (!rootedStatus(root, "usr")?.isDirectory() || !rootedStatus(root, "etc")?.isDirectory()) {
		throw new NetherdError(
			"image.source-no-system",
			"the source has no /usr or no /etc, so it is no system",
			{
				hint: "give the root of a system: the folder or archive that has etc, usr and var in it",
			},
		);
	}
	for (const path of essentialLinks) checkLink(root, path);
	checkInit(root);
	const kernel = findKernel(root, release);
	checkKernel(kernel);
	if (!rootedStatus(root, `usr/lib/modules/${kernel.release}`)?.isDirectory()) {
		throw new NetherdError(
			"image.no-modules",
			`the root has the kernel ${kernel.release}, but no /usr/lib/modules/${kernel.release}`,
			{ hint: "install the whole kernel package in the source: apt-get install linux-image-amd64" },
		);
	}
	checkKernelModules(root, kernel.release);
	const missing = needed.filter(([, , paths]) => !paths.some((path) => rootedStatus(root, path)?.isFile()));
	if (missing.length > 0) {
		throw new NetherdError(
			"image.packages-missing",
			`the root lacks ${missing.map(([, what]) => what).join(", ")}`,
			{
				hint: `install it in the source: apt-get install --no-install-recommends ${missing.map(([name]) => name).join(" ")}`,
			},
		);
	}
	return kernel;
}

function checkLink(root: string, path: string): void {
	const link = rootedPath(root, path, false);
	let target: string;
	try {
		target = readlinkSync(link ?? join(root, path));
	} catch {
		return;
	}
	if (rootedStatus(root, path) !== undefined) return;
	throw new NetherdError(
		"image.broken-link",
		`/${path} is a link to ${target}, and the root has nothing there`,
		{
			hint:
				path === "sbin/init"
					? "install an init in the source: apt-get install systemd-sysv"
					: "the source is not complete: was it packed or copied with links and all folders?",
		},
	);
}

function checkInit(root: string): void {
	const init = rootedPath(root, "sbin/init", true);
	const status = rootedStatus(root, "sbin/init");
	if (init === undefined || !status?.isFile() || (status.mode & 0o111) === 0) {
		throw new NetherdError("image.no-init", "the root has no program /sbin/init", {
			hint: "install one in the source: apt-get install systemd-sysv (container images usually have none)",
		});
	}
	const start = beginningOf(init, 64);
	if (start.subarray(0, 2).toString("latin1") === "#!") return;
	if (start.readUInt32BE(0) !== elfMagic) {
		throw new NetherdError("image.no-init", "/sbin/init of the root is no program", {
			hint: "install one in the source: apt-get install --reinstall systemd-sysv",
		});
	}
	const machine = start.readUInt16LE(18);
	if (machine !== elfX8664)
		throw wrongArchitecture("/sbin/init", elfMachines[machine] ?? `ELF machine ${machine}`);
}

/** The ELF header (elf(5)): magic, and e_machine for x86-64; names of others that one meets. */
const elfMagic = 0x7f454c46;
const elfX8664 = 62;
const elfMachines: Readonly<Record<number, string>> = {
	3: "i386",
	21: "ppc64",
	22: "s390x",
	40: "arm",
	183: "arm64",
	243: "riscv64",
};

function findKernel(root: string, wanted: string | undefined): KernelInRoot {
	const kernels = [
		...matchesIn(root, "/boot/vmlinuz-*").map((path) => ({
			release: basename(path).slice("vmlinuz-".length),
			path: `boot/${basename(path)}`,
		})),
		// Distributions that have dracut.
		...matchesIn(root, "/usr/lib/modules/*/vmlinuz").map((path) => {
			const release = basename(join(path, ".."));
			return { release, path: `usr/lib/modules/${release}/vmlinuz` };
		}),
	].filter(({ path }) => rootedStatus(root, path)?.isFile());
	const chosen = kernels
		.filter(({ release }) => wanted === undefined || release === wanted)
		.sort((a, b) => a.release.localeCompare(b.release, "en", { numeric: true }))
		.at(-1);
	const file = chosen === undefined ? undefined : rootedPath(root, chosen.path, true);
	if (chosen !== undefined && file !== undefined) return { release: chosen.release, file };
	if (wanted !== undefined && kernels.length > 0) {
		throw new NetherdError("image.no-kernel", `the root has no kernel ${wanted}`, {
			hint: `its kernels are ${kernels.map(({ release }) => release).join(", ")}`,
		});
	}
	throw new NetherdError("image.no-kernel", "the root has no kernel: /boot/vmlinuz-* is missing", {
		hint: "install one in the source: apt-get install linux-image-amd64 (Ubuntu: linux-image-generic); container images have none",
	});
}

/** The x86 boot protocol's header (Documentation/arch/x86/boot.rst), and what other architectures begin with. */
function checkKernel({ release, file }: KernelInRoot): void {
	const start = beginningOf(file, 0x206);
	if (start.subarray(0x202).toString("latin1") === "HdrS") return;
	if (start.subarray(0x38, 0x3c).toString("latin1") === "ARMd") {
		throw wrongArchitecture(`kernel ${release}`, "arm64");
	}
	throw new NetherdError(
		"image.kernel-unusable",
		`vmlinuz-${release} of the root is no kernel for x86 machines`,
		{
			hint: "install the kernel package again in the source: apt-get install --reinstall linux-image-amd64",
		},
	);
}

function wrongArchitecture(what: string, architecture: string): NetherdError {
	return new NetherdError(
		"image.wrong-architecture",
		`${what} of the root is for ${architecture}; netherd's nodes are amd64`,
		{
			hint: "build the source for amd64: buildah build --platform linux/amd64, mmdebstrap --architectures=amd64",
		},
	);
}
