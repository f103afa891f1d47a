import { AdaptiveDepth } from "./adaptive-depth.ts";

/** One keeps no server busy that answers each connection in one thread. */
const defaultStart = 2;
/** More than this only take bandwidth from other nodes. */
const defaultMaximum = 4;

/** A new connection takes its time to get up to speed. */
const windowMs = 250;
const worthwhileGain = 1.3;

/** @param wanted So many, and neither more nor less; undefined: as many as pay. */
export function mostConnections(wanted: number | undefined): number {
	return wanted ?? defaultMaximum;
}

/**
 * How many connections to a source are used: a few, and more where they pay.
 *
 * @param windowBytes What has to arrive on each before their rate says something.
 */
export function connectionCount(wanted: number | undefined, windowBytes: number): AdaptiveDepth {
	const maximum = mostConnections(wanted);
	return new AdaptiveDepth({
		start: wanted ?? defaultStart,
		maximum,
		windowMs,
		windowBytes,
		worthwhileGain,
	});
}
