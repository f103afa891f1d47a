import type { Configuration, Setting } from "../config/configuration.ts";

/** Why an operation is there: `TIMEZONE (lts.conf:12 [default])`. */
export function because(configuration: Configuration, key: string): string {
	return `${key} (${configuration.whence(key)})`;
}

/**
 * The same for settings of a family, several when they end up in one file. More than two are named by the first and the
 * last: `RCFILE_1 (lts.conf:3 [default]) … RCFILE_9 (lts.conf:11 [default]), 9 keys`.
 */
export function becauseOf(...settings: readonly Setting[]): string {
	const shown = settings.length > 2 ? [settings.at(0), settings.at(-1)] : settings;
	const texts = shown
		.filter((setting) => setting !== undefined)
		.map(({ key, whence }) => `${key} (${whence})`);
	return settings.length > 2 ? `${texts.join(" … ")}, ${settings.length} keys` : texts.join(", ");
}
