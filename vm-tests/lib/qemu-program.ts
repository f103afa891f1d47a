import { globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { aptSettings } from "../../image/apt-settings.ts";
import { readRecipe } from "../../image/recipe.ts";
import { cachedBuild } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

/** QEMU and the files that its machines need; all paths are paths of this host. */
export interface QemuProgram {
	/** The program and the arguments that come first; machine arguments are appended. */
	readonly argv: readonly [string, ...string[]];
	/** What `--version` says, such as `10.0.13`. */
	readonly version: string;
	/** UEFI firmware (OVMF), with Secure Boot off, and on with the keys that machines are sold with. */
	readonly firmware: { readonly [Kind in UefiKind]: UefiFirmware };
	/** A kernel with serial console and virtio, and a static busybox, for the harness's own small boots. */
	readonly kernel: string;
	readonly busybox: string;
}

export type UefiKind = "uefi" | "uefi-secure-boot";

/** The code, and the variables that every machine gets a copy of. */
export interface UefiFirmware {
	readonly code: string;
	readonly variables: string;
}

/** QEMU 7.2 (bookworm) corrupts memory under TCG in guests that use cmpxchg16b, which every current kernel does. */
const oldestMajorVersion = 9;
const release = "trixie";

/**
 * The QEMU to use: this machine's, when it is recent enough, else the one of a newer Debian release. The packages of
 * that release are only unpacked into the cache, and its QEMU runs through its own dynamic loader: no chroot, so
 * sockets, taps and files keep their names.
 *
 * @throws {NetherdError} `vm.qemu-tree-failed`, and what `ensureDebianPackages` and `aptSettings` throw.
 */
export async function findQemu(): Promise<QemuProgram> {
	await ensureDebianPackages(["mmdebstrap"], "unpack QEMU for the virtual machines");
	const hostVersion = await versionOf(["qemu-system-x86_64"]);
	const useHost = hostVersion !== undefined && Number.parseInt(hostVersion, 10) >= oldestMajorVersion;
	const packages = ["ovmf", "busybox-static", "linux-image-cloud-amd64"];
	if (!useHost) packages.push("qemu-system-x86", "seabios");

	const { folder } = await cachedBuild(
		"qemu",
		{ files: ["vm-tests/lib/qemu-program.ts"], values: packages },
		(folder) => unpack(packages, folder),
	);
	const firmwareFile = (name: string) => join(folder, "usr/share/OVMF", `OVMF_${name}`);
	const argv: [string, ...string[]] = useHost ? ["qemu-system-x86_64"] : unpackedArgv(folder);
	return {
		argv,
		version: (await versionOf(argv)) ?? "unknown",
		firmware: {
			uefi: { code: firmwareFile("CODE_4M.fd"), variables: firmwareFile("VARS_4M.fd") },
			"uefi-secure-boot": {
				code: firmwareFile("CODE_4M.secboot.fd"),
				variables: firmwareFile("VARS_4M.ms.fd"),
			},
		},
		kernel: join(folder, "vmlinuz"),
		busybox: join(folder, "usr/bin/busybox"),
	};
}

function unpackedArgv(folder: string): [string, ...string[]] {
	return [
		join(folder, "usr/lib64/ld-linux-x86-64.so.2"),
		"--library-path",
		join(folder, "usr/lib/x86_64-linux-gnu"),
		join(folder, "usr/bin/qemu-system-x86_64"),
		"-L",
		join(folder, "usr/share/qemu"),
		"-L",
		join(folder, "usr/share/seabios"),
	];
}

async function unpack(packages: readonly string[], folder: string): Promise<void> {
	process.stderr.write(`vm: unpacking ${packages.join(", ")} of Debian ${release} (once)\n`);
	const tree = join(folder, "tree");
	const apt = await aptSettings({ ...readRecipe("test"), suite: release, components: ["main"] });
	const result = await execa(
		"mmdebstrap",
		[
			...["--quiet", "--variant=extract", `--include=${packages.join(",")}`],
			...apt.options.map((option) => `--aptopt=${option}`),
			...[release, tree, "-"],
		],
		{ input: apt.sources.join("\n"), reject: false, all: true },
	);
	if (result.failed) {
		throw new NetherdError("vm.qemu-tree-failed", `mmdebstrap could not unpack QEMU\n${result.all}`, {
			hint: "check that this machine's Debian mirror is reachable, then run the same command again",
		});
	}
	const [kernel] = globSync(join(tree, "boot/vmlinuz-*"));
	if (kernel === undefined) {
		throw new NetherdError("vm.qemu-tree-failed", `no kernel in ${tree}/boot after unpacking`, {
			hint: "linux-image-cloud-amd64 of the mirror is incomplete: try again later or with another mirror",
		});
	}
	renameSync(kernel, join(folder, "vmlinuz"));
	// Only what runs and what it reads: half of the packages' files, and none of their set-uid programs.
	for (const part of [
		"usr/lib64",
		"usr/lib/x86_64-linux-gnu",
		"usr/bin/busybox",
		"usr/bin/qemu-system-x86_64",
		"usr/share/OVMF",
		"usr/share/qemu",
		"usr/share/seabios",
	]) {
		const [from] = globSync(join(tree, part));
		if (from === undefined) continue;
		mkdirSync(join(folder, part, ".."), { recursive: true });
		renameSync(from, join(folder, part));
	}
	rmSync(tree, { recursive: true });
}

async function versionOf(argv: readonly [string, ...string[]]): Promise<string | undefined> {
	const [file, ...args] = argv;
	const { stdout } = await execa(file, [...args, "--version"], { reject: false });
	return /version (\d+[\d.]*)/.exec(stdout ?? "")?.[1];
}
