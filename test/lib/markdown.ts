import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../tools/cache.ts";

/** A document of the repository. */
export interface MarkdownFile {
	/** From the repository's top folder. */
	readonly path: string;
	readonly text: string;
}

export interface CodeBlock {
	readonly path: string;
	/** Of the opening fence, from 1. */
	readonly line: number;
	readonly language: string;
	readonly text: string;
}

export function markdownFiles(): MarkdownFile[] {
	return globSync("{*.md,docs/**/*.md}", { cwd: repository })
		.sort()
		.map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
}

/** The fenced blocks of a document. */
export function codeBlocks({ path, text }: MarkdownFile): CodeBlock[] {
	return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
		path,
		line: text.slice(0, match.index).split("\n").length,
		language: match[1] ?? "",
		text: match[2] ?? "",
	}));
}

/** Texts between backquotes, outside of fenced blocks; line ends within are blanks. */
export function codeSpans({ text }: MarkdownFile): string[] {
	const prose = withoutBlocks(text);
	return [...prose.matchAll(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g)].map((match) =>
		(match[2] ?? "").trim().replace(/\s+/g, " "),
	);
}

/** Targets of links, outside of code. */
export function linkTargets({ text }: MarkdownFile): string[] {
	const prose = withoutBlocks(text).replace(/`[^`\n]*`/g, "code");
	return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** The anchors that the headings of a document get: lower case, blanks as dashes, no punctuation. */
export function headingAnchors(text: string): Set<string> {
	return new Set(
		[...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map((match) =>
			(match[1] ?? "")
				.toLowerCase()
				.replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
				.replace(/\s/g, "-"),
		),
	);
}

function withoutBlocks(text: string): string {
	return text.replace(/^```\w*\n[\s\S]*?^```$/gm, "");
}
