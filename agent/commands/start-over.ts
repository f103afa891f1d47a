import type { DownloadEvent } from "../download/download-event.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, InitramfsFacts } from "../facts/facts.ts";
import type { Gathered } from "../facts/gather.ts";
import { type Patience, ReplacementWatch } from "./replacement-watch.ts";

export interface Attempt {
	/** Asks the server: lts.conf, manifest. */
	readonly gather: () => Promise<Gathered<InitramfsFacts>>;
	/** Does what follows from the facts, the download among it, which ends with the signal's reason when aborted. */
	readonly run: (
		gathered: Gathered<InitramfsFacts>,
		onDownloadEvent: (event: DownloadEvent) => void,
		signal?: AbortSignal,
	) => Promise<void>;
	readonly say: (line: string) => void;
	readonly patience?: Patience;
}

/**
 * Runs stage 1. When it fails, or its download stands still, and it looks as if the image was replaced on the server in
 * the middle of the download, the manifest is asked for again; if there is another one by now, the stage starts over with
 * it, once.
 *
 * @returns The facts that it came to its end with.
 */
export async function runStartingOverOnce(
	first: Gathered<InitramfsFacts>,
	{ gather, run, say, patience }: Attempt,
): Promise<Gathered<InitramfsFacts>> {
	const before = first.facts.image;
	const gatherOther = async () => {
		const second = await gather().catch((failure: unknown) => {
			say(failure instanceof Error ? failure.message : String(failure));
			return undefined;
		});
		const after = second?.facts.image;
		if (second === undefined || after === undefined || before === undefined) return undefined;
		return isSame(before, after) ? undefined : { second, after };
	};
	const watch = new ReplacementWatch(gatherOther, patience);
	try {
		await run(first, (event) => watch.note(event), watch.signal);
		return first;
	} catch (error) {
		if (error instanceof NetherdError) watch.noteCode(error.code);
		if (before === undefined || !watch.isSuspected) throw error;
		const other = watch.found ?? (await gatherOther());
		if (other === undefined) throw error;
		say(error instanceof Error ? error.message : String(error));
		const { second, after } = other;
		const now = describe(after) === describe(before) ? "what it is now" : describe(after);
		say(`image ${describe(before)} was replaced on the server meanwhile: starting over with ${now}`);
		await run(second, () => {});
		return second;
	}
}

function isSame(a: ImageFacts, b: ImageFacts): boolean {
	return a.sizeBytes === b.sizeBytes && a.chunks.join() === b.chunks.join();
}

function describe({ name, version }: ImageFacts): string {
	return version === undefined ? name : `${name} ${version}`;
}
