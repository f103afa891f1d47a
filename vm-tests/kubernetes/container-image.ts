import { createHash } from "node:crypto";
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** What pods of the tests run: nothing in their network reaches a registry. */
export const testContainerImage = "netherd.test/busybox:1";

/** Where nodes have it, as an archive for `ctr images import`. */
export const containerImageFile = "usr/share/netherd-test/busybox.tar";

/**
 * Writes a container image of a static busybox, in the form of `docker save`
 * (https://github.com/moby/moby/blob/master/image/spec/v1.2.md). Its command waits, so that it can also be the container
 * that holds a pod's namespaces.
 */
export async function writeContainerImage(busybox: string, file: string): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "netherd-container-image-"));
	try {
		const root = join(folder, "root");
		mkdirSync(join(root, "bin"), { recursive: true });
		copyFileSync(busybox, join(root, "bin/busybox"));
		symlinkSync("busybox", join(root, "bin/sh"));
		await tar(root, join(folder, "layer.tar"), "bin");
		const configuration = {
			architecture: "amd64",
			os: "linux",
			config: { Entrypoint: ["/bin/busybox", "sleep", "1000000"], Env: ["PATH=/bin"] },
			rootfs: { type: "layers", diff_ids: [`sha256:${sha256(join(folder, "layer.tar"))}`] },
		};
		writeFileSync(join(folder, "config.json"), JSON.stringify(configuration));
		const manifest = [{ Config: "config.json", RepoTags: [testContainerImage], Layers: ["layer.tar"] }];
		writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
		await tar(folder, file, "manifest.json", "config.json", "layer.tar");
	} finally {
		rmSync(folder, { recursive: true });
	}
}

async function tar(folder: string, file: string, ...names: string[]): Promise<void> {
	await execa("tar", [
		"--create",
		"--owner=0",
		"--group=0",
		`--directory=${folder}`,
		"--file",
		file,
		...names,
	]);
}

function sha256(file: string): string {
	return createHash("sha256").update(readFileSync(file)).digest("hex");
}
