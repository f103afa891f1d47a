import { NetherdError } from "../errors.ts";
import type { Chunk } from "./chunk-ledger.ts";
import { quoteForeignText } from "./foreign-text.ts";
import { maximumChunkFailures } from "./lane-state.ts";

/** @param source For the message, like those below. */
export function sizeMismatch(source: string, actualBytes: number, expectedBytes: number): NetherdError {
	return new NetherdError(
		"image.size-mismatch",
		`${source} has ${actualBytes} bytes, the image ${expectedBytes}`,
		{
			hint: "let the server export the image that its image.json describes; it may have been replaced while it was served",
		},
	);
}

/** @param times How often this chunk came wrong from this source. */
export function chunkCorrupt(
	source: string,
	{ index, offsetBytes, lengthBytes, sha256 }: Chunk,
	actualSha256: string,
	times: number,
): NetherdError {
	return new NetherdError(
		"image.chunk-corrupt",
		`chunk ${index} (${lengthBytes} bytes at offset ${offsetBytes}) from ${source} is wrong: SHA-256 ${actualSha256} ` +
			`instead of ${sha256} (time ${times} of at most ${maximumChunkFailures})`,
		{
			hint: "compare the image on the server with its image.json; if it is right there, suspect memory or network",
		},
	);
}

/** Every source has failed for good: the error of the only one, or one with all reasons. */
export function noSourceLeft(
	sources: readonly { readonly name: string; readonly error: unknown }[],
): unknown {
	const [first, ...others] = sources;
	if (first !== undefined && others.length === 0) return first.error;
	return new NetherdError("image.no-source-left", `no source can give the image${listReasons(sources)}`, {
		hint: "correct the address of at least one source, or the server behind it",
		cause: first?.error,
	});
}

/** A line for each source that has failed, for the end of a message. */
export function listReasons(sources: readonly { readonly name: string; readonly error: unknown }[]): string {
	return sources
		.filter(({ error }) => error !== undefined)
		.map(({ name, error }) => {
			const message = error instanceof Error ? error.message : String(error);
			return `\n  ${name}: ${quoteForeignText(message, 300)}`;
		})
		.join("");
}
