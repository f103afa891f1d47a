/** Enough to find the cause in a log of CI alone, and no more: a whole console would hide the other failures. */
const mostLines = 60;
const mostCharacters = 4_000;

/**
 * What a failed test says, for the list of failures: indented from the second line on, and cut where it is too long.
 *
 * @param text Message with its stack, as vitest reports it.
 */
export function failureText(text: string): string {
	const lines = text.trim().split("\n");
	const first = lines.slice(0, mostLines).join("\n  ");
	const kept = first.slice(0, mostCharacters);
	const isWhole = lines.length <= mostLines && kept.length === first.length;
	return isWhole ? kept : `${kept}\n  … (all of it is above)`;
}
