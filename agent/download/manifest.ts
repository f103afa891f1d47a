import { NetherdError } from "../errors.ts";
import { type FieldReader, readFields } from "./manifest-fields.ts";

export { describeImageFile } from "./describe-image-file.ts";

/** The value of `format` that this version reads and writes. */
export const manifestFormat = "netherd-image/1";

/** A manifest longer than this is refused before it is parsed; 16 MiB hold the chunks of a 1 TB image. */
export const maximumManifestBytes = 16 * 1024 * 1024;

/** Limits of `chunkSizeBytes`: smaller makes the manifest large, larger makes the agent's buffers large. */
export const minimumChunkSizeBytes = 64 * 1024;
export const maximumChunkSizeBytes = 64 * 1024 * 1024;

const architectures = ["amd64"] as const;
const compressions = ["zstd", "gzip", "lz4", "lzo", "xz"] as const;

/** `image.json`, format version 1: what one version of a root image consists of. Hashes are SHA-256, lower-case hex. */
export type ImageManifest = SquashfsManifest | InitramfsManifest;

interface CommonManifest {
	readonly format: typeof manifestFormat;
	readonly name: string;
	readonly version: string;
	/** As Debian names it. */
	readonly architecture: (typeof architectures)[number];
	/** ISO 8601 with date, time and zone. */
	readonly builtAt: string;
	/** The same in the root, in its initramfs (/etc/netherd/build-id) and here; absent in images of before that. */
	readonly buildId?: string;
	readonly kernel: BootFileDescription & {
		/** `uname -r` of this kernel. */
		readonly release: string;
	};
	readonly initramfs: BootFileDescription;
}

/** The root is a squashfs, which the initramfs fetches. */
export interface SquashfsManifest extends CommonManifest {
	/** Never written: this is what manifests without the field mean. */
	readonly rootFormat?: undefined;
	/** The squashfs compressor. */
	readonly compression: (typeof compressions)[number];
	readonly image: ImageFileDescription & {
		/** File name beside the manifest. */
		readonly file: string;
	};
}

/** The whole root is in the initramfs: there is nothing else to fetch. */
export interface InitramfsManifest extends CommonManifest {
	readonly rootFormat: "initramfs";
	readonly compression?: undefined;
	readonly image?: undefined;
}

export interface BootFileDescription {
	/** File name beside the manifest. */
	readonly file: string;
	readonly sizeBytes: number;
	readonly sha256: string;
}

/** Size and hashes of an image file; `chunks[i]` is the SHA-256 of the bytes from i × chunkSizeBytes on. */
export interface ImageFileDescription {
	readonly sizeBytes: number;
	readonly sha256: string;
	/** Size of every chunk but the last, which may be shorter. */
	readonly chunkSizeBytes: number;
	readonly chunks: readonly string[];
}

/**
 * Reads and checks a manifest. Fields that this version does not know are ignored.
 *
 * @param text The content of image.json.
 * @param whereFrom URL or path, for messages.
 * @throws {NetherdError} `image.manifest-too-large`, `image.manifest-not-json`, `image.manifest-unknown-format`,
 *   `image.manifest-invalid` (a field is missing or wrong), `image.manifest-inconsistent` (fields contradict each other).
 */
export function parseManifest(text: string, whereFrom: string): ImageManifest {
	const lengthBytes = Buffer.byteLength(text);
	if (lengthBytes > maximumManifestBytes) {
		throw new NetherdError(
			"image.manifest-too-large",
			`${whereFrom} is ${lengthBytes} bytes long; a manifest has at most ${maximumManifestBytes}`,
			{ hint: "check that the address leads to image.json and not to another file" },
		);
	}
	const top = readFields(parseJson(text, whereFrom), whereFrom);
	checkFormat(top, whereFrom);

	const buildId = top.optionalPlainName("buildId");
	const kernel = top.object("kernel");
	const common = {
		format: manifestFormat as typeof manifestFormat,
		name: top.plainName("name"),
		version: top.plainName("version"),
		architecture: top.oneOf("architecture", architectures),
		builtAt: top.timestamp("builtAt"),
		...(buildId === undefined ? {} : { buildId }),
	};
	const bootFiles = {
		kernel: { release: kernel.plainName("release"), ...readBootFile(kernel) },
		initramfs: readBootFile(top.object("initramfs")),
	};
	if (top.optionalPlainName("rootFormat") !== undefined) {
		return { ...common, rootFormat: top.oneOf("rootFormat", ["initramfs"]), ...bootFiles };
	}
	const image = top.object("image");
	const description = {
		file: image.plainName("file"),
		sizeBytes: image.wholeNumber("sizeBytes", 1, Number.MAX_SAFE_INTEGER),
		sha256: image.sha256("sha256"),
		chunkSizeBytes: image.wholeNumber("chunkSizeBytes", minimumChunkSizeBytes, maximumChunkSizeBytes),
		chunks: image.sha256List("chunks"),
	};
	checkChunkCount(description, whereFrom);
	const compression = top.oneOf("compression", compressions);
	return { ...common, compression, image: description, ...bootFiles };
}

/** Every file that a version consists of, as it lies beside the manifest. */
export function filesOf({ kernel, initramfs, image }: ImageManifest): readonly BootFileDescription[] {
	return image === undefined ? [kernel, initramfs] : [kernel, initramfs, image];
}

/**
 * What a node fetches.
 *
 * @throws {NetherdError} `image.root-in-initramfs` when there is nothing to fetch.
 */
export function fetchableImage({ name, version, image }: ImageManifest): SquashfsManifest["image"] {
	if (image !== undefined) return image;
	throw new NetherdError(
		"image.root-in-initramfs",
		`${name}/${version} has its whole root in its initramfs: there is no image to fetch`,
		{
			hint: "have the nodes boot it, by `companion releases promote`, [image] default or [pins]; IMAGE in lts.conf cannot choose it",
		},
	);
}

/** The text of image.json: one line per field, keys in the order of the type, a final newline. */
export function serializeManifest(manifest: ImageManifest): string {
	return `${JSON.stringify(manifest, null, "\t")}\n`;
}

function parseJson(text: string, whereFrom: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new NetherdError("image.manifest-not-json", `${whereFrom} is not JSON`, {
			hint: "check that the address leads to image.json; a web server's error page looks like this too",
			cause: error,
		});
	}
}

function checkFormat(top: FieldReader, whereFrom: string): void {
	const format = top.text("format");
	if (format === manifestFormat) return;
	throw new NetherdError(
		"image.manifest-unknown-format",
		`${whereFrom} has format ${JSON.stringify(format)}; this agent reads ${JSON.stringify(manifestFormat)}`,
		{ hint: "build the image and the initramfs with the same version of netherd" },
	);
}

function readBootFile(fields: FieldReader): BootFileDescription {
	return {
		file: fields.plainName("file"),
		sizeBytes: fields.wholeNumber("sizeBytes", 1, Number.MAX_SAFE_INTEGER),
		sha256: fields.sha256("sha256"),
	};
}

function checkChunkCount(image: ImageFileDescription, whereFrom: string): void {
	const expected = Math.ceil(image.sizeBytes / image.chunkSizeBytes);
	if (image.chunks.length === expected) return;
	throw new NetherdError(
		"image.manifest-inconsistent",
		`${whereFrom} lists ${image.chunks.length} chunks; ${image.sizeBytes} bytes in chunks of ` +
			`${image.chunkSizeBytes} are ${expected}`,
		{ hint: "build the image again; do not edit image.json" },
	);
}
