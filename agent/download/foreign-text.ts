/**
 * Text that another machine chose, made safe for a console: control characters (also escape sequences) become `?`,
 * too long texts are cut.
 */
export function quoteForeignText(text: string, maximumLength = 200): string {
	const cut = text.length > maximumLength ? `${text.slice(0, maximumLength)}…` : text;
	return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, "?");
}
