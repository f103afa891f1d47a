import type { Attempt, Lane } from "./lane.ts";

/** A race is worth its bytes when it is expected to be won by this factor. */
const worthwhileLead = 2;
/** Ticks (of {@link Lane.tick}); what is here sooner is not worth a race. */
const patienceTicks = 2;

/**
 * At the end of a download, when every missing chunk is being fetched: the one that its source will take longest for, if
 * an idle source can be expected to be much faster.
 */
export function chooseRace(
	idle: Lane,
	others: readonly Lane[],
	mayRace: (attempt: Attempt) => boolean,
): Attempt | undefined {
	let chosen: { attempt: Attempt; ticks: number } | undefined;
	for (const lane of others) {
		for (const { attempt, ticks } of expectations(lane)) {
			if (!mayRace(attempt) || ticks <= (chosen?.ticks ?? patienceTicks)) continue;
			const ownTicks = attempt.chunk.lengthBytes / (idle.bytesPerTick ?? 0);
			// A source that brings nothing is beaten by any that might bring something.
			const isWorthwhile = ticks === Number.POSITIVE_INFINITY || ownTicks * worthwhileLead < ticks;
			if (isWorthwhile) chosen = { attempt, ticks };
		}
	}
	return chosen?.attempt;
}

/** When each read of a source is expected to be complete: they are answered about in the order of asking. */
function expectations(lane: Lane): { attempt: Attempt; ticks: number }[] {
	const { bytesPerTick, session } = lane;
	if (bytesPerTick === undefined || session === undefined) return [];
	let missingBytes = 0;
	return [...session.attempts].map((attempt) => {
		missingBytes += attempt.chunk.lengthBytes - attempt.receivedBytes;
		return { attempt, ticks: bytesPerTick > 0 ? missingBytes / bytesPerTick : Number.POSITIVE_INFINITY };
	});
}
