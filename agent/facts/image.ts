import { parseManifest } from "../download/manifest.ts";
import { probeNbdExport } from "../download/nbd-source.ts";
import type { ImageFacts } from "./facts.ts";
import { httpGetText } from "./http-get.ts";
import { imageSource, manifestUrl, type Whereabouts } from "./image-location.ts";

const maximumManifestBytes = 16 * 1024 ** 2;
const attemptTimeoutMs = 10_000;
const retryForMs = 2 * 60_000;
/** Without a manifest nothing is verified, and the chunk is only the unit of a request. */
const unverifiedChunkBytes = 4 * 1024 ** 2;

/** Learns the image's size and hashes from its manifest; from the NBD export itself where the server has no manifest. */
export async function gatherImage(where: Whereabouts, say: (line: string) => void): Promise<ImageFacts> {
	const url = manifestUrl(where);
	const limits = {
		maximumBytes: maximumManifestBytes,
		timeoutMs: attemptTimeoutMs,
		retryForMs,
		onRetry: say,
	};
	const text = url === undefined ? undefined : await httpGetText(url, limits);
	if (url !== undefined && text !== undefined) {
		const { name, version, image, kernel } = parseManifest(text, url);
		const { sizeBytes, chunkSizeBytes, chunks } = image;
		return { name, version, kernelRelease: kernel.release, sizeBytes, chunkSizeBytes, chunks, from: url };
	}
	const { kind: _, ...location } = imageSource(where);
	say("the server has no manifest for this image: it will not be verified");
	const { sizeBytes } = await probeNbdExport({ ...location, timeoutMs: attemptTimeoutMs });
	return {
		name: location.exportName,
		sizeBytes,
		chunkSizeBytes: unverifiedChunkBytes,
		chunks: [],
		from: `nbd://${location.host}:${location.port}`,
	};
}
