import { parseSourceAddress, type SourceAddress } from "../download/source-address.ts";
import type { Reading } from "./values.ts";

/** Of the image that is looked for; what is absent is not known. */
export interface ImageIdentity {
	readonly name?: string | undefined;
	readonly version?: string | undefined;
}

/** What `{name}` and `{version}` are while only the form is checked. */
const sample: Required<ImageIdentity> = { name: "node", version: "1" };

/** More are a mistake, and would fill the console. */
const maximumSources = 16;

/**
 * Reads IMAGE_SOURCES: addresses separated by blanks, in order of preference. `{name}` and `{version}` stand for those
 * of the image.
 */
export function readImageSources(
	text: string,
	image: ImageIdentity = sample,
): Reading<readonly SourceAddress[]> {
	// A comma is a good character in a URL, though not at its end.
	const words = text
		.split(/\s+/)
		.map((word) => (word.endsWith(",") ? word.slice(0, -1) : word))
		.filter((word) => word !== "");
	if (words.length > maximumSources) {
		return { problem: `${words.length} sources are more than ${maximumSources}` };
	}
	const sources: SourceAddress[] = [];
	const seen = new Set<string>();
	for (const word of words) {
		if (seen.has(word)) return { problem: `${word} is there twice` };
		seen.add(word);
		const address = readAddress(word, image);
		if ("problem" in address) return { problem: `${withoutUser(word)}: ${address.problem}` };
		sources.push(address);
	}
	return { value: sources };
}

/** The placeholders of IMAGE_SOURCES for which nothing is known. */
export function missingPlaceholders(text: string, image: ImageIdentity): readonly string[] {
	return (["name", "version"] as const)
		.map((field) => `{${field}}`)
		.filter(
			(placeholder, index) => text.includes(placeholder) && [image.name, image.version][index] === undefined,
		);
}

function withoutUser(word: string): string {
	return word.replace(/\/\/[^/]*@/, "//…@");
}

function readAddress(word: string, image: ImageIdentity): SourceAddress | { readonly problem: string } {
	// Neither names nor versions have characters that mean something in a URL.
	const filled = word
		.replaceAll("{name}", image.name ?? "{name}")
		.replaceAll("{version}", image.version ?? "{version}");
	const stray = /[{}][^{}]*[{}]?/.exec(filled)?.[0];
	if (stray !== undefined) return { problem: `${stray} means nothing; {name} and {version} do` };
	return parseSourceAddress(filled);
}
