import type { DownloadEvent } from "../download/download-event.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, InitramfsFacts } from "../facts/facts.ts";
import type { Gathered } from "../facts/gather.ts";

/** What a source says, or does, when its image is not the one of the manifest. */
const signsOfChange: ReadonlySet<string> = new Set([
	"image.changed-on-server",
	"image.chunk-corrupt",
	"image.size-mismatch",
]);

export interface Attempt {
	/** Asks the server: lts.conf, manifest. */
	readonly gather: () => Promise<Gathered<InitramfsFacts>>;
	/** Does what follows from the facts, the download among it. */
	readonly run: (
		gathered: Gathered<InitramfsFacts>,
		onDownloadEvent: (event: DownloadEvent) => void,
	) => Promise<void>;
	readonly say: (line: string) => void;
}

/**
 * Runs stage 1. When it fails, and it looks as if the image was replaced on the server in the middle of the download, the
 * manifest is asked for again; if there is another one by now, the stage starts over with it, once.
 *
 * @returns The facts that it came to its end with.
 */
export async function runStartingOverOnce(
	first: Gathered<InitramfsFacts>,
	{ gather, run, say }: Attempt,
): Promise<Gathered<InitramfsFacts>> {
	const signs = new Set<string>();
	try {
		await run(first, (event) => {
			for (const sign of signsOf(event)) signs.add(sign);
		});
		return first;
	} catch (error) {
		if (error instanceof NetherdError) signs.add(error.code);
		const before = first.facts.image;
		if (before === undefined || !signsOfChange.values().some((sign) => signs.has(sign))) throw error;
		const second = await gather().catch((failure: unknown) => {
			say(failure instanceof Error ? failure.message : String(failure));
			return undefined;
		});
		const after = second?.facts.image;
		if (second === undefined || after === undefined || isSame(before, after)) throw error;
		say(error instanceof Error ? error.message : String(error));
		const now = describe(after) === describe(before) ? "what it is now" : describe(after);
		say(`image ${describe(before)} was replaced on the server meanwhile: starting over with ${now}`);
		await run(second, () => {});
		return second;
	}
}

function signsOf(event: DownloadEvent): readonly string[] {
	switch (event.kind) {
		case "wrong-chunk":
			return ["image.chunk-corrupt"];
		case "source-set-aside":
		case "source-given-up":
			return [event.code];
		default:
			return [];
	}
}

function isSame(a: ImageFacts, b: ImageFacts): boolean {
	return a.sizeBytes === b.sizeBytes && a.chunks.join() === b.chunks.join();
}

function describe({ name, version }: ImageFacts): string {
	return version === undefined ? name : `${name} ${version}`;
}
