import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	describeImageFile,
	type ImageManifest,
	manifestFormat,
	serializeManifest,
} from "../../../agent/download/manifest.ts";

/** Writes a folder as the image build makes it, with one image that has one version. */
export async function writeBootTree(
	folder: string,
	image: { name: string; version: string } = { name: "node", version: "1" },
): Promise<void> {
	mkdirSync(join(folder, "loader"), { recursive: true });
	writeFileSync(join(folder, "loader/undionly.kpxe"), "loader for BIOS");
	writeFileSync(join(folder, "loader/snponly.efi"), "loader for UEFI");
	writeFileSync(join(folder, "lts.conf"), "[default]\n");
	await writeVersion(folder, image);
	release(folder, image);
}

/** Adds a version of an image without releasing it. @returns The content of its squashfs. */
export async function writeVersion(
	folder: string,
	{ name, version, sizeBytes = 300_000 }: { name: string; version: string; sizeBytes?: number },
): Promise<Buffer> {
	const versionFolder = join(folder, "images", name, version);
	mkdirSync(versionFolder, { recursive: true });
	const image = randomBytes(sizeBytes);
	const kernel = Buffer.from(`kernel ${version}`);
	const initramfs = Buffer.from(`initramfs ${version}`);
	writeFileSync(join(versionFolder, "image.squashfs"), image);
	writeFileSync(join(versionFolder, "vmlinuz"), kernel);
	writeFileSync(join(versionFolder, "initramfs.img"), initramfs);
	const manifest: ImageManifest = {
		format: manifestFormat,
		name,
		version,
		architecture: "amd64",
		builtAt: "2026-01-01T00:00:00Z",
		compression: "zstd",
		image: {
			file: "image.squashfs",
			...(await describeImageFile(join(versionFolder, "image.squashfs"), 1 << 16)),
		},
		kernel: { file: "vmlinuz", release: "6.12.0", ...described(kernel) },
		initramfs: { file: "initramfs.img", ...described(initramfs) },
	};
	writeFileSync(join(versionFolder, "image.json"), serializeManifest(manifest));
	return image;
}

/** Lets `current` point at a version, in one step. */
export function release(folder: string, { name, version }: { name: string; version: string }): void {
	const current = join(folder, "images", name, "current");
	symlinkSync(version, `${current}.new`);
	renameSync(`${current}.new`, current);
}

function described(content: Buffer): { sizeBytes: number; sha256: string } {
	return { sizeBytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}
