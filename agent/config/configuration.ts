import { findKey } from "./find-key.ts";
import { compareNaturally } from "./natural-order.ts";
import type { SelectedSection } from "./select.ts";
import { readBoolean, readDurationMs, readInteger, readList, readSize, type Size } from "./values.ts";

/** What one node is configured with, and where each value comes from. An empty value counts as not set. */
export interface Configuration {
	/** The value, else the default of the key table. */
	text(key: string): string | undefined;
	boolean(key: string): boolean;
	size(key: string): Size | undefined;
	durationMs(key: string): number | undefined;
	integer(key: string): number | undefined;
	/** Words separated by blanks or commas. */
	list(key: string): readonly string[];
	/** All keys with the prefix (`FSTAB_`) that have a value, in natural order: 2 before 10. */
	family(prefix: string): readonly Setting[];
	/** For people: `lts.conf:12 [default]`, `command line`, `default`. */
	whence(key: string): string;
	/** Every value that is set, empty ones included, in natural order of the keys; without defaults. */
	entries(): readonly Setting[];
	/** The value with its origin and everything that lost against it; undefined for a key that nobody mentions. */
	explain(key: string): ExplainedKey | undefined;
	/** Every key that is set, unset by NONE, or has a default, in natural order. */
	explainAll(): readonly ExplainedKey[];
	/** The sections of lts.conf that apply, highest priority first. */
	readonly sections: readonly SelectedSection[];
}

export interface Setting {
	readonly key: string;
	readonly value: string;
	readonly whence: string;
}

export interface ExplainedKey {
	readonly key: string;
	/** Absent: not set (NONE). */
	readonly value?: string;
	readonly origin: Origin;
	readonly lost: readonly LostValue[];
}

export interface Origin {
	readonly kind: "lts.conf" | "command line" | "default" | "unset";
	readonly file?: string;
	readonly line?: number;
	readonly column?: number;
	/** As written, without brackets. */
	readonly section?: string;
	/** How the section was chosen, in words. */
	readonly via?: string;
}

export interface LostValue {
	readonly value: string;
	readonly file?: string;
	readonly line?: number;
	readonly section?: string;
	readonly why: string;
}

/** Puts the methods over plain data. */
export function makeConfiguration(data: {
	readonly keys: readonly ExplainedKey[];
	readonly sections: readonly SelectedSection[];
}): Configuration {
	const explained = [...data.keys].sort((a, b) => compareNaturally(a.key, b.key));
	const byKey = new Map(explained.map((each) => [each.key, each]));
	const entries = explained.flatMap(({ key, value, origin }) =>
		value === undefined || origin.kind === "default" ? [] : [{ key, value, whence: describeOrigin(origin) }],
	);
	const text = (key: string): string | undefined =>
		byKey.get(key)?.value?.trim() ? byKey.get(key)?.value : findKey(key)?.default;
	const read = <Value>(key: string, reader: (written: string) => { value: Value } | { problem: string }) => {
		const written = text(key);
		if (written === undefined) return undefined;
		const reading = reader(written);
		return "value" in reading ? reading.value : undefined;
	};
	return {
		sections: data.sections,
		text,
		boolean: (key) => read(key, readBoolean) ?? false,
		size: (key) => read(key, readSize),
		durationMs: (key) => read(key, readDurationMs),
		integer: (key) => read(key, (written) => readInteger(written)),
		list: (key) => readList(text(key) ?? ""),
		family: (prefix) => entries.filter(({ key, value }) => key.startsWith(prefix) && value.trim() !== ""),
		whence: (key) => describeOrigin(byKey.get(key)?.origin ?? { kind: "default" }),
		entries: () => entries,
		explain: (key) => byKey.get(key),
		explainAll: () => explained,
	};
}

/** `lts.conf:12 [default]`, `command line`, `default`, `unset`. */
export function describeOrigin(origin: Origin): string {
	if (origin.kind !== "lts.conf") return origin.kind;
	return `${baseName(origin.file ?? "lts.conf")}:${origin.line} [${origin.section}]`;
}

function baseName(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}
