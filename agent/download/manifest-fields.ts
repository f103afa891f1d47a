import { NetherdError } from "../errors.ts";
import { quoteForeignText } from "./foreign-text.ts";

/** Reads the fields of one JSON object; each method throws `image.manifest-invalid` naming the field and its value. */
export interface FieldReader {
	text(name: string): string;
	/** Usable as a file name, in a URL and on a kernel command line. */
	plainName(name: string): string;
	optionalPlainName(name: string): string | undefined;
	wholeNumber(name: string, minimum: number, maximum: number): number;
	sha256(name: string): string;
	sha256List(name: string): string[];
	timestamp(name: string): string;
	oneOf<const T extends string>(name: string, allowed: readonly T[]): T;
	object(name: string): FieldReader;
}

const sha256Pattern = /^[0-9a-f]{64}$/;
const plainNamePattern = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** @param path Where this object is inside the manifest, such as `image`; empty at the top. */
export function readFields(value: unknown, whereFrom: string, path = ""): FieldReader {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw invalid(whereFrom, path === "" ? "the whole file" : path, value, "a JSON object");
	}
	const fields = new Map<string, unknown>(Object.entries(value));
	const pathOf = (name: string) => (path === "" ? name : `${path}.${name}`);

	function matching<T>(name: string, expected: string, accepts: (value: unknown) => value is T): T {
		const field = fields.get(name);
		if (!accepts(field)) throw invalid(whereFrom, pathOf(name), field, expected);
		return field;
	}

	const plainName = (name: string) =>
		matching(name, "1 to 128 of A-Z a-z 0-9 . _ + ~ -, starting with a letter or digit", isPlainName);

	return {
		text: (name) => matching(name, "a text", isText),
		plainName,
		optionalPlainName: (name) => (fields.has(name) ? plainName(name) : undefined),
		wholeNumber: (name, minimum, maximum) =>
			matching(
				name,
				`a whole number from ${minimum} to ${maximum}`,
				(field): field is number => Number.isSafeInteger(field) && isWithin(Number(field), minimum, maximum),
			),
		sha256: (name) => matching(name, "64 lower-case hexadecimal digits", isSha256),
		sha256List(name) {
			const list = matching(name, "a list", (field): field is unknown[] => Array.isArray(field));
			return list.map((entry, index) => {
				if (isSha256(entry)) return entry;
				throw invalid(whereFrom, `${pathOf(name)}[${index}]`, entry, "64 lower-case hexadecimal digits");
			});
		},
		timestamp: (name) => matching(name, "a time such as 2026-01-31T12:00:00Z", isTimestamp),
		oneOf: <const T extends string>(name: string, allowed: readonly T[]) =>
			matching(name, `one of ${allowed.join(", ")}`, (field): field is T =>
				allowed.some((value) => value === field),
			),
		object: (name) => readFields(fields.get(name), whereFrom, pathOf(name)),
	};
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

function isPlainName(value: unknown): value is string {
	return isText(value) && plainNamePattern.test(value);
}

function isSha256(value: unknown): value is string {
	return isText(value) && sha256Pattern.test(value);
}

function isTimestamp(value: unknown): value is string {
	return isText(value) && timestampPattern.test(value) && !Number.isNaN(Date.parse(value));
}

function isWithin(value: number, minimum: number, maximum: number): boolean {
	return value >= minimum && value <= maximum;
}

function invalid(whereFrom: string, field: string, value: unknown, expected: string): NetherdError {
	const found = value === undefined ? "missing" : quoteForeignText(JSON.stringify(value), 60);
	return new NetherdError(
		"image.manifest-invalid",
		`${whereFrom}: ${field} is ${found}; expected ${expected}`,
		{ hint: "build the image again; do not edit image.json" },
	);
}
