import { parseManifest } from "../download/manifest.ts";
import { openSource } from "../download/source.ts";
import { describeSource, type SourceAddress } from "../download/source-address.ts";
import type { ImageFacts } from "./facts.ts";
import { httpGetText } from "./http-get.ts";
import { imageSources, manifestUrl, type Whereabouts } from "./image-location.ts";

const maximumManifestBytes = 16 * 1024 ** 2;
const attemptTimeoutMs = 10_000;
const retryForMs = 2 * 60_000;
/** Without a manifest nothing is verified, and the chunk is only the unit of a request. */
const unverifiedChunkBytes = 4 * 1024 ** 2;

/** Learns the image's size and hashes from its manifest; from a source itself where the server has no manifest. */
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
	say("the server has no manifest for this image: it will not be verified");
	return await measureImage(imageSources(where), say);
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
