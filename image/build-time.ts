import { NetherdError } from "../agent/errors.ts";

/**
 * `SOURCE_DATE_EPOCH`, seconds since 1970, which stands in for the time of a build
 * (https://reproducible-builds.org/specs/source-date-epoch/); undefined when it is not set.
 *
 * @throws {NetherdError} `image.bad-source-date-epoch`.
 */
export function sourceDateEpoch(
	environment: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
	const text = environment.SOURCE_DATE_EPOCH;
	if (text === undefined || text === "") return undefined;
	const seconds = Number(text);
	// A later date would leave the dates of the build itself in the image.
	if (/^\d+$/.test(text) && seconds <= Date.now() / 1000) return seconds;
	throw new NetherdError(
		"image.bad-source-date-epoch",
		`SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, not a time that has been`,
		{ hint: "set it to seconds since 1970: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), or unset it" },
	);
}

/** The time that a build says of itself: now, or SOURCE_DATE_EPOCH. ISO 8601 in seconds. */
export function buildTime(): string {
	const seconds = sourceDateEpoch() ?? Math.floor(Date.now() / 1000);
	return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
