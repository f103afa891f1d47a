import { statSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { agentProgram } from "../agent/paths.ts";
import { beginningOf } from "./beginning-of.ts";
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
