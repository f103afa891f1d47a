import { chmodSync, globSync, lstatSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { buildBaseRoot } from "../../../image/base-root.ts";
import { readRecipe } from "../../../image/recipe.ts";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { writeTree } from "./archives.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A system as a folder: Debian with a kernel, from the cache where it is there, without what makes it large. */
export async function unpackSystem(folder: string): Promise<void> {
	await ensureDebianPackages(
		["mmdebstrap", "mount", "squashfs-tools", "debian-archive-keyring"],
		"make a root",
	);
	const { squashfs } = await buildBaseRoot(readRecipe("test"), () => {});
	await execa("unsquashfs", ["-quiet", "-no-progress", "-force", "-dest", folder, squashfs]);
	for (const path of globSync("usr/bin/{containerd*,ctr,runc,perl*,git*}", { cwd: folder })) {
		rmSync(join(folder, path));
	}
}

/** The first bytes of an ELF program (elf(5)) for a machine: 62 is x86-64, 183 arm64. */
export function elfFor(machine: number): Buffer {
	const start = Buffer.alloc(64);
	start.write("\x7fELF\x02\x01\x01", "latin1");
	start.writeUInt16LE(machine, 18);
	return start;
}

/** The first bytes of a kernel for x86 (Documentation/arch/x86/boot.rst). */
export function bzImage(): Buffer {
	const start = Buffer.alloc(0x400);
	start.write("HdrS", 0x202, "latin1");
	return start;
}

/** A modules.dep and modules.builtin in one: what stage 1 loads, and a driver. */
export const someModules = ["loop", "squashfs", "overlay", "nbd", "af_packet", "igb", "virtio_net"]
	.map((name) => `kernel/${name}.ko.xz:\n`)
	.join("");

/** What the checks before a build ask for, and no more; `changes` puts other content in, undefined takes a file out. */
export function smallRoot(changes: Readonly<Record<string, string | Buffer | undefined>> = {}): string {
	const programs = [
		"modprobe",
		"mount",
		"udevadm",
		"ip",
		"dbus-daemon",
		"mkinitramfs",
		"busybox",
		"zstd",
		"sh",
	];
	const tree: Record<string, string | Buffer | undefined> = {
		...Object.fromEntries(programs.map((name) => [`usr/bin/${name}`, "program"])),
		bin: "-> usr/bin",
		sbin: "-> usr/sbin",
		lib: "-> usr/lib",
		"usr/sbin/modprobe": "program",
		"usr/sbin/ip": "program",
		"usr/sbin/mkinitramfs": "program",
		"usr/sbin/init": "-> ../lib/systemd/systemd",
		"usr/lib/systemd/systemd": elfFor(62),
		"usr/lib/x86_64-linux-gnu/libstdc++.so.6": "library",
		"usr/lib/x86_64-linux-gnu/libatomic.so.1": "library",
		"usr/lib/modules/6.1.0/modules.dep": someModules,
		"boot/vmlinuz-6.1.0": bzImage(),
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
		"var/lib/x": "",
		...changes,
	};
	const given = Object.entries(tree).flatMap(([path, content]) =>
		content === undefined ? [] : [[path, content] as const],
	);
	const folder = writeTree(temporaryFolder(), Object.fromEntries(given));
	const init = join(folder, "usr/lib/systemd/systemd");
	if (lstatSync(init, { throwIfNoEntry: false })?.isFile()) chmodSync(init, 0o755);
	return folder;
}

/** Everything in a folder with what it holds and when it was changed: to see that nothing was touched. */
export function snapshot(folder: string): string[] {
	return globSync("**/*", { cwd: folder, withFileTypes: true })
		.map((entry) => join(entry.parentPath, entry.name))
		.sort()
		.map((path) => {
			const status = lstatSync(path, { bigint: true });
			const content = status.isFile()
				? readFileSync(path, "latin1")
				: status.isSymbolicLink()
					? readlinkSync(path)
					: "";
			return `${path.slice(folder.length)} ${status.mode} ${status.ino} ${status.isDirectory() ? "" : status.mtimeNs} ${content}`;
		});
}
