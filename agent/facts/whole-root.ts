import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "../config/resolve.ts";
import { readFields } from "../download/manifest-fields.ts";
import { formatBytes } from "../download/progress.ts";
import { NetherdError } from "../errors.ts";
import { rootInInitramfs, wholeRootDescription, wholeRootEnd } from "../paths.ts";
import type { WholeRootFacts } from "./facts.ts";
import { readInRoot } from "./root.ts";

/**
 * What the image build wrote about the root that an initramfs holds. Nothing of it is verified: it came as the agent came.
 *
 * @param initramfs Where the initramfs is: `/`.
 * @throws {NetherdError} `image.root-missing`, `image.root-incomplete`, `image.manifest-invalid`.
 */
export function gatherWholeRoot(initramfs: string): WholeRootFacts {
	const text = readInRoot(initramfs, wholeRootDescription);
	if (text === undefined) {
		throw new NetherdError(
			"image.root-missing",
			`root=${rootInInitramfs} is on the command line, and this initramfs holds no root`,
			{
				hint: "give the node kernel and initramfs of a version that was built with --format initramfs; the companion's boot script does",
			},
		);
	}
	if (!existsSync(join(initramfs, wholeRootEnd))) {
		throw new NetherdError(
			"image.root-incomplete",
			"the kernel did not unpack all of the initramfs, so the root in it is not whole",
			{
				hint: "look for `Initramfs unpacking failed` among the kernel's messages; with too little memory it is that: packed and unpacked initramfs have to fit side by side",
			},
		);
	}
	const fields = readFields(JSON.parse(text), wholeRootDescription);
	return {
		name: fields.plainName("name"),
		kernelRelease: fields.plainName("kernelRelease"),
		sizeBytes: fields.wholeNumber("sizeBytes", 1, Number.MAX_SAFE_INTEGER),
		movingBytes: fields.wholeNumber("movingBytes", 1, Number.MAX_SAFE_INTEGER),
	};
}

/** Of lts.conf, what is about an image that is fetched; for people, a line each. */
export function keysWithoutEffect(configuration: Configuration): readonly string[] {
	return configuration
		.entries()
		.filter(({ key }) => key === "LTSP_NBD_TO_RAM" || key === "IMAGE" || key.startsWith("IMAGE_"))
		.map(
			({ key, whence }) => `${key} (${whence}) has no effect: the root is in the initramfs that was booted`,
		);
}

/** For people. */
export function describeWholeRoot({ name, sizeBytes }: WholeRootFacts): string {
	return `the root of image ${name}, ${formatBytes(sizeBytes)}, is in this initramfs; no signature was asked for, as for kernel and initramfs`;
}
