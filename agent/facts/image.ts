import { fetchableImage, type ImageManifest, parseManifest } from "../download/manifest.ts";
import { openSource } from "../download/source.ts";
import { describeSource, type SourceAddress } from "../download/source-address.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts } from "./facts.ts";
import { imageSources, manifestUrl, type Whereabouts, wantedImage } from "./image-location.ts";
import { getSignedFile } from "./signed-file.ts";
import { type Trust, verifyNone } from "./verification.ts";

const maximumManifestBytes = 16 * 1024 ** 2;
const attemptTimeoutMs = 10_000;
const retryForMs = 2 * 60_000;
/** Without a manifest nothing is verified, and the chunk is only the unit of a request. */
const unverifiedChunkBytes = 4 * 1024 ** 2;

/**
 * Learns the image's size and hashes from its manifest, verified before anything of it is read. Where the server has no
 * manifest, from a source itself, if nobody asks for signatures.
 *
 * @throws {NetherdError} `image.no-manifest`, `image.other-manifest`, `image.root-in-initramfs`, `image.manifest-*`, what `getSignedFile` and
 *   `openSource` throw.
 */
export async function gatherImage(
	where: Whereabouts,
	trust: Trust,
	say: (line: string) => void,
): Promise<ImageFacts> {
	const url = manifestUrl(where);
	const limits = {
		maximumBytes: maximumManifestBytes,
		timeoutMs: attemptTimeoutMs,
		retryForMs,
		onRetry: say,
	};
	const file = url === undefined ? undefined : await getSignedFile(url, "image.json", trust, limits);
	if (url !== undefined && file !== undefined) {
		const manifest = parseManifest(file.text, url);
		requireWanted(manifest, wantedImage(where), url);
		const { name, version, buildId, kernel } = manifest;
		const { sizeBytes, chunkSizeBytes, chunks } = fetchableImage(manifest);
		return {
			name,
			version,
			kernelRelease: kernel.release,
			...(buildId === undefined ? {} : { buildId }),
			sizeBytes,
			chunkSizeBytes,
			chunks,
			from: url,
			verification: file.verification,
		};
	}
	if (trust.kind === "signed") throw noManifest(url);
	say("the server has no manifest for this image: it will not be verified");
	return { ...(await measureImage(imageSources(where), say)), verification: { notVerified: trust.why } };
}

/** Asks one source after the other for the image's size, which is all that there is to know without a manifest. */
async function measureImage(
	sources: readonly SourceAddress[],
	say: (line: string) => void,
): Promise<ImageFacts> {
	const limits = { connectTimeoutMs: attemptTimeoutMs, stallTimeoutMs: attemptTimeoutMs, connections: 1 };
	let firstError: unknown;
	for (const address of sources) {
		const from = describeSource(address);
		try {
			const source = await openSource(address, limits, new AbortController().signal);
			await source.close();
			return {
				name: address.kind === "nbd" ? address.exportName : from,
				sizeBytes: source.sizeBytes,
				chunkSizeBytes: unverifiedChunkBytes,
				chunks: [],
				from,
			};
		} catch (error) {
			firstError ??= error;
			if (sources.length > 1) say(`image: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	throw firstError;
}

/** Else whoever has the server, but not the key, could give nodes any image that was ever signed, under any name. */
function requireWanted(
	{ name, version }: ImageManifest,
	wanted: ReturnType<typeof wantedImage>,
	url: string,
): void {
	if (wanted === undefined) return;
	if (wanted.name === name && (wanted.version ?? version) === version) return;
	throw new NetherdError(
		"image.other-manifest",
		`${url} describes ${name}/${version}, and not ${wanted.name}/${wanted.version ?? "…"}`,
		{ hint: "build the image into this place again; do not rename folders below images" },
	);
}

function noManifest(url: string | undefined): NetherdError {
	return new NetherdError(
		"image.no-manifest",
		url === undefined
			? "nothing says where the image's manifest is, so the image cannot be verified"
			: `there is no ${url}, so the image cannot be verified`,
		{
			hint: `boot by the companion's script, which names server and image (netherd.server=, netherd.image=); with a server of another kind, ${verifyNone} on the kernel command line boots without verification`,
		},
	);
}
