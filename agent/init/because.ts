import type { Configuration, Setting } from "../config/configuration.ts";

/** Why an operation is there: `TIMEZONE (lts.conf:12 [default])`. */
export function because(configuration: Configuration, key: string): string {
	return `${key} (${configuration.whence(key)})`;
}

/** The same for settings of a family, several when they end up in one file. */
export function becauseOf(...settings: readonly Setting[]): string {
	return settings.map(({ key, whence }) => `${key} (${whence})`).join(", ");
}
