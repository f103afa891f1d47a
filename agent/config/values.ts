/**
 * Readers for typed values. Each returns the value, or a problem in words (without the place: the caller knows it).
 */
export type Reading<Value> =
	| { readonly value: Value; readonly warning?: string }
	| { readonly problem: string };

/** An amount of memory, or a share of it (of RAM, for the sizes of tmpfs). */
export type Size = { readonly bytes: number } | { readonly percent: number };

/**
 * `true`, `y`, `yes` in any case are true, everything else is false (as in LTSP 5); what is not a usual word for false
 * gets a warning.
 */
export function readBoolean(text: string): { readonly value: boolean; readonly warning?: string } {
	const word = text.trim().toLowerCase();
	if (word === "true" || word === "y" || word === "yes") return { value: true };
	if (["", "false", "n", "no", "0", "off", "none", "disabled"].includes(word)) return { value: false };
	return { value: false, warning: "only true, y and yes mean true; this means false" };
}

/** `50%`, `2G`, `512M`, `512MiB`, `1.5G`, or bytes; K, M, G, T are powers of 1024. */
export function readSize(text: string): Reading<Size> {
	const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(text.trim());
	if (percent !== null) {
		const share = Number(percent[1]);
		if (share > 0 && share <= 100) return { value: { percent: share } };
		return { problem: "a share is more than 0% and at most 100%" };
	}
	const size = /^(\d{1,16}(?:\.\d{1,6})?)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim());
	if (size === null) return { problem: "not a size; write 50%, 2G, 512M or a number of bytes" };
	const exponent = " kmgt".indexOf(size[2]?.toLowerCase() ?? " ");
	const bytes = Math.round(Number(size[1]) * 1024 ** exponent);
	if (bytes === 0) return { problem: "the size is zero" };
	if (!Number.isSafeInteger(bytes)) return { problem: "the size is larger than any memory" };
	return { value: { bytes } };
}

const durationUnitsMs: Readonly<Record<string, number>> = {
	ms: 1,
	s: 1000,
	sec: 1000,
	m: 60_000,
	min: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

/** `10` and `10s` (seconds), `500ms`, `5m`, `1h`, `1d`. */
export function readDurationMs(text: string): Reading<number> {
	const duration = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)$/.exec(text.trim().toLowerCase());
	const unitMs = durationUnitsMs[duration?.[2] || "s"];
	if (duration === null || unitMs === undefined) {
		return { problem: "not a duration; write 10 (seconds), 10s, 5m or 1h" };
	}
	const durationMs = Math.round(Number(duration[1]) * unitMs);
	// setTimeout and many programs take at most 2³¹ milliseconds.
	if (durationMs > 0x7fffffff) return { problem: "the duration is longer than 24 days" };
	return { value: durationMs };
}

/** A whole number, `0` or more unless a minimum says otherwise. */
export function readInteger(text: string, range?: { minimum?: number; maximum?: number }): Reading<number> {
	const minimum = range?.minimum ?? 0;
	const maximum = range?.maximum ?? Number.MAX_SAFE_INTEGER;
	if (!/^[+-]?\d{1,16}$/.test(text.trim())) return { problem: "not a whole number" };
	const value = Number(text);
	if (value < minimum || value > maximum) return { problem: `not between ${minimum} and ${maximum}` };
	return { value };
}

/** Words separated by blanks or commas. */
export function readList(text: string): readonly string[] {
	return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** One of some words, compared without regard to case; the word as the table writes it. */
export function readChoice(text: string, choices: readonly string[]): Reading<string> {
	const word = text.trim().toLowerCase();
	const value = choices.find((choice) => choice.toLowerCase() === word);
	return value === undefined ? { problem: `not one of ${choices.join(", ")}` } : { value };
}

/** A dotted IPv4 address. */
export function isIpv4(text: string): boolean {
	return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** An IPv6 address, without zone and brackets. */
export function isIpv6(text: string): boolean {
	if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(":") || text.includes(":::")) return false;
	const halves = text.split("::");
	if (halves.length > 2) return false;
	const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
	const last = groups.at(-1) ?? "";
	const embedded = last.includes(".");
	const hex = embedded ? groups.slice(0, -1) : groups;
	if (embedded && !isIpv4(last)) return false;
	if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
	const count = hex.length + (embedded ? 2 : 0);
	return halves.length === 2 ? count < 8 : count === 8;
}

export function isAddress(text: string): boolean {
	return isIpv4(text) || isIpv6(text);
}

/** A text of digits and dots must be a whole IPv4 address; it is never a host name. */
export function isHost(text: string): boolean {
	return isAddress(text) || (!/^[\d.]+$/.test(text) && isHostName(text));
}

/** A host name: labels of letters, digits and inner dashes, at most 63 characters each (RFC 1123, section 2.1). */
export function isHostName(text: string): boolean {
	return (
		text.length <= 253 &&
		text.split(".").every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))
	);
}

/** Stands for a fact that only the boot brings. No file can hold this character, and no check looks into such a value. */
export const knownAtBoot = "\u0000";
