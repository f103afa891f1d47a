import { existsSync, readFileSync, statSync } from "node:fs";
import { NetherdError } from "../../agent/errors.ts";
import { rootedPath } from "../rooted.ts";

/** One of the archives that a container image's file system consists of, the lowest first. */
export interface Layer {
	readonly file: string;
	/** SHA-256 of the file that the image promises; undefined where it does not. */
	readonly sha256: string | undefined;
}

/** Whether a folder is a container image: an OCI image layout, or what `docker save` packs. */
export function isContainerImage(folder: string): boolean {
	if (existsSync(`${folder}/usr`)) return false;
	return existsSync(`${folder}/oci-layout`) || existsSync(`${folder}/manifest.json`);
}

/**
 * Finds the layers of the amd64 image in a folder: an OCI image layout
 * (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), or the older form of `docker save`.
 *
 * @param tag Which image, where the folder has several.
 * @throws {NetherdError} `image.source-several-images`, `image.source-no-image`, `image.wrong-architecture`,
 *   `image.source-damaged`.
 */
export function layersOf(folder: string, tag: string | undefined): Layer[] {
	return existsSync(`${folder}/oci-layout`) ? ociLayers(folder, tag) : dockerLayers(folder, tag);
}

/** Parts of an OCI descriptor that matter here. */
interface Descriptor {
	readonly digest?: unknown;
	readonly mediaType?: unknown;
	readonly platform?: { readonly architecture?: unknown; readonly os?: unknown };
	readonly annotations?: Readonly<Record<string, unknown>>;
}

const refName = "org.opencontainers.image.ref.name";
/** What containerd and docker write besides: the name with the registry. */
const fullName = "io.containerd.image.name";

function ociLayers(folder: string, tag: string | undefined): Layer[] {
	const index = readJson(folder, "index.json") as { readonly manifests?: readonly Descriptor[] };
	const images = index.manifests ?? [];
	const names = (image: Descriptor) =>
		[image.annotations?.[refName], image.annotations?.[fullName]].filter((name) => typeof name === "string");
	const wanted = images.filter((image) => tag === undefined || names(image).includes(tag));
	const chosen = chooseOne(folder, wanted.length > 1 ? forAmd64(wanted) : wanted, tag, images.flatMap(names));
	const manifest = manifestOf(folder, chosen, 0);
	const config = readBlob(folder, manifest.config) as { readonly architecture?: unknown };
	checkArchitecture(config.architecture);
	return (manifest.layers ?? []).map((layer) => {
		const { path, sha256 } = blobOf(layer);
		return { file: fileOf(folder, path), sha256 };
	});
}

interface Manifest {
	readonly manifests?: readonly Descriptor[];
	readonly config?: Descriptor;
	readonly layers?: readonly Descriptor[];
}

/** An index can lead to others, one for each platform. */
function manifestOf(folder: string, descriptor: Descriptor, depth: number): Manifest {
	const manifest = readBlob(folder, descriptor) as Manifest;
	if (manifest.manifests === undefined) return manifest;
	const [forUs] = forAmd64(manifest.manifests);
	if (forUs === undefined || depth > 4) {
		const others = manifest.manifests.map(({ platform }) => String(platform?.architecture));
		throw wrongArchitecture(others.join(", "));
	}
	return manifestOf(folder, forUs, depth + 1);
}

function forAmd64(descriptors: readonly Descriptor[]): Descriptor[] {
	return descriptors.filter(
		({ platform }) =>
			platform === undefined || (platform.architecture === "amd64" && platform.os === "linux"),
	);
}

function dockerLayers(folder: string, tag: string | undefined): Layer[] {
	const images = readJson(folder, "manifest.json") as readonly {
		readonly Config?: unknown;
		readonly RepoTags?: readonly string[] | null;
		readonly Layers?: readonly string[];
	}[];
	if (!Array.isArray(images)) throw damaged(folder, "manifest.json is no list");
	const wanted = images.filter(({ RepoTags }) => tag === undefined || RepoTags?.includes(tag));
	const chosen = chooseOne(
		folder,
		wanted,
		tag,
		images.flatMap(({ RepoTags }) => RepoTags ?? []),
	);
	const config = readJson(folder, String(chosen.Config)) as { readonly architecture?: unknown };
	checkArchitecture(config.architecture);
	return (chosen.Layers ?? []).map((path: string) => ({ file: fileOf(folder, path), sha256: undefined }));
}

function chooseOne<Image>(
	folder: string,
	images: readonly Image[],
	tag: string | undefined,
	names: readonly unknown[],
): Image {
	const [image] = images;
	const list = names.length === 0 ? "they have no names" : `they are ${names.join(", ")}`;
	if (image === undefined) {
		throw new NetherdError(
			"image.source-no-image",
			`${folder} has no image${tag === undefined ? "" : ` ${tag}`}`,
			{
				hint: names.length === 0 ? "export it again: it is empty" : `name another with --tag: ${list}`,
			},
		);
	}
	if (images.length === 1) return image;
	throw new NetherdError("image.source-several-images", `${folder} has ${images.length} images`, {
		hint: `choose one with --tag NAME; ${list}`,
	});
}

function checkArchitecture(architecture: unknown): void {
	if (architecture !== undefined && architecture !== "" && architecture !== "amd64") {
		throw wrongArchitecture(String(architecture));
	}
}

function wrongArchitecture(architecture: string): NetherdError {
	return new NetherdError(
		"image.wrong-architecture",
		`the container image is for ${architecture}; netherd's nodes are amd64`,
		{ hint: "build or pull it for amd64: buildah build --platform linux/amd64" },
	);
}

function readBlob(folder: string, descriptor: Descriptor | undefined): unknown {
	const { path } = blobOf(descriptor);
	return readJson(folder, path);
}

function blobOf(descriptor: Descriptor | undefined): {
	readonly path: string;
	readonly sha256: string | undefined;
} {
	const match = /^(sha256|sha512):([0-9a-f]{64,128})$/.exec(String(descriptor?.digest));
	if (match === null) throw damaged("the image", `${JSON.stringify(descriptor?.digest)} is no digest`);
	const [, algorithm = "", hex = ""] = match;
	return { path: `blobs/${algorithm}/${hex}`, sha256: algorithm === "sha256" ? hex : undefined };
}

function readJson(folder: string, path: string): unknown {
	const file = fileOf(folder, path);
	try {
		return JSON.parse(readFileSync(file, "utf8"));
	} catch (error) {
		throw damaged(folder, `${path} is not JSON`, error);
	}
}

/** Older archives of `docker save` have links from one layer to another; none may lead out of the folder. */
function fileOf(folder: string, path: string): string {
	const file = rootedPath(folder, path, true);
	if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
	throw damaged(folder, `${path} is missing`);
}

function damaged(folder: string, what: string, cause?: unknown): NetherdError {
	return new NetherdError("image.source-damaged", `${folder} is no whole container image: ${what}`, {
		hint: "export it again, to its end: buildah push IMAGE oci-archive:FILE, docker save --output FILE IMAGE",
		...(cause === undefined ? {} : { cause }),
	});
}
