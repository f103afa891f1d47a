import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configKeys } from "../server/config/keys.ts";
import { repository } from "./cache.ts";

/*
 * Every error code of the programs, `area.what-is-wrong`, found in their sources as text, so that a test can hold
 * docs/errors.md to it. A code is a literal somewhere: an argument of an error's constructor, a member of a union, the
 * value of `code:`. Findings of agent/config are put together from an area and the literal of a call.
 */

/** Code → the files that make it or look for it, sorted. */
export function errorCodes(): Map<string, readonly string[]> {
	const files = globSync("{agent,server,image,tools,vm-tests}/**/*.ts", { cwd: repository }).sort();
	const texts = files.map((file) => ({ file, text: readFileSync(join(repository, file), "utf8") }));
	const areas = new Set(texts.flatMap(({ text }) => areasOf(text)));
	const others = new Set([...Object.keys(configKeys), ...texts.flatMap(({ text }) => eventNames(text))]);
	const codes = new Map<string, readonly string[]>();
	for (const { file, text } of texts) {
		const found = [...literalCodes(text, areas), ...assembledCodes(file, text)];
		for (const code of found.filter((code) => !others.has(code))) {
			codes.set(code, [...new Set([...(codes.get(code) ?? []), file])]);
		}
	}
	return new Map([...codes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const codePattern = "([a-z]+(?:-[a-z]+)*)\\.([a-z0-9]+(?:-[a-z0-9]+)*)";

/** What a code can start with: what codes start with where nothing else can stand. */
function areasOf(text: string): string[] {
	const certain = new RegExp(`(?:new \\w*Error\\(|super\\(|\\bcode:)\\s*"${codePattern}"`, "g");
	return [...text.matchAll(certain)].map((match) => match[1] ?? "");
}

/** Endings of file and domain names that would look like codes: `image.json`, `kubernetes.io`. */
const fileEndings = new Set([
	"conf",
	"img",
	"ini",
	"io",
	"ipxe",
	"json",
	"service",
	"socket",
	"squashfs",
	"ts",
]);

function literalCodes(text: string, areas: ReadonlySet<string>): string[] {
	return [...text.matchAll(new RegExp(`"${codePattern}"`, "g"))]
		.filter(([, area = "", rest = ""]) => areas.has(area) && !fileEndings.has(rest))
		.map(([literal]) => literal.slice(1, -1));
}

/** The companion's events have names of the same form: `event: "nbd.opened" | "nbd.closed"`. */
function eventNames(text: string): string[] {
	return [...text.matchAll(/\bevent: ((?:"[a-z.]+"(?: \| )?)+)/g)].flatMap(([, union = ""]) =>
		[...union.matchAll(/"([a-z.]+)"/g)].map((match) => match[1] ?? ""),
	);
}

/** Functions of agent/config that put the area in front of the first of their arguments that has a code's form. */
const assemblers = /\b(?:error|warning|report|atKey|atValue)\(/g;

function assembledCodes(file: string, text: string): string[] {
	if (!file.startsWith("agent/config/")) return [];
	const area = /`([a-z-]+)\.\$\{code\}`/.exec(text)?.[1] ?? "lts-conf";
	const calls = [...text.matchAll(assemblers)].flatMap((call) => {
		const word = firstCodeWord(text.slice(call.index + call[0].length));
		return word === undefined ? [] : [word];
	});
	const members = [...text.matchAll(/\bcode: "([a-z]+(?:-[a-z]+)*)"/g)].map((match) => match[1] ?? "");
	return [...calls, ...members].map((word) => `${area}.${word}`);
}

/** Of the arguments that begin here: names and member accesses may come before it, and the severity. */
function firstCodeWord(text: string): string | undefined {
	const before = /^\s*(?:(?:[\w.]+|"error"|"warning"),\s*)*"([a-z]+(?:-[a-z]+)*)"\s*,/;
	return before.exec(text)?.[1];
}
