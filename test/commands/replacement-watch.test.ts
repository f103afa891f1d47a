import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ReplacementWatch } from "../../agent/commands/replacement-watch.ts";
import type { DownloadEvent } from "../../agent/download/download-event.ts";

const replaced: DownloadEvent = {
	kind: "source-given-up",
	source: "http://a",
	code: "image.changed-on-server",
	message: "the image on http://a was replaced",
};
const lost: DownloadEvent = { ...replaced, code: "http.connection-lost" };
const at = (elapsedMs: number, doneBytes: number): DownloadEvent => ({
	kind: "progress",
	doneBytes,
	sizeBytes: 100,
	elapsedMs,
	bytesPerSecond: undefined,
	sources: [],
});

/** @returns At which times it asked, and whether it ended the download. */
async function watch(events: readonly DownloadEvent[], found: string | undefined) {
	const asked: number[] = [];
	let nowMs = 0;
	const watch = new ReplacementWatch(
		async () => {
			asked.push(nowMs);
			return found;
		},
		{ standstillMs: 5000, repeatMs: 60_000 },
	);
	for (const event of events) {
		if (event.kind === "progress") nowMs = event.elapsedMs;
		watch.note(event);
		await nextTurn();
	}
	return { asked, found: watch.found, signal: watch.signal };
}

const everySecond = (fromMs: number, toMs: number, doneBytes: (elapsedMs: number) => number) =>
	Array.from({ length: (toMs - fromMs) / 1000 + 1 }, (_, second) => {
		const elapsedMs = fromMs + 1000 * second;
		return at(elapsedMs, doneBytes(elapsedMs));
	});

test("a standstill after a sign: asks after five seconds, and ends the download when there is another image", async () => {
	const outcome = await watch([at(1000, 10), replaced, ...everySecond(2000, 8000, () => 10)], "other");
	expect(outcome.asked).toEqual([6000]);
	expect(outcome.found).toBe("other");
	expect(outcome.signal.reason).toMatchObject({
		code: "image.changed-on-server",
		message: "the image on http://a was replaced",
	});
});

test("there is no other image: the download goes on, and the question is repeated after a minute", async () => {
	const outcome = await watch([at(1000, 10), replaced, ...everySecond(2000, 130_000, () => 10)], undefined);
	expect(outcome.asked).toEqual([6000, 66_000, 126_000]);
	expect(outcome.signal.aborted).toBe(false);
});

test.each<[string, readonly DownloadEvent[]]>([
	["a standstill without a sign", [at(1000, 10), lost, ...everySecond(2000, 60_000, () => 10)]],
	["another source goes on", [replaced, ...everySecond(0, 60_000, (elapsedMs) => elapsedMs)]],
	["a short standstill", [replaced, at(1000, 10), ...everySecond(2000, 5000, () => 10), at(6000, 11)]],
])("nobody is asked: %s", async (_, events) => {
	const outcome = await watch(events, "other");
	expect(outcome.asked).toEqual([]);
	expect(outcome.signal.aborted).toBe(false);
});
