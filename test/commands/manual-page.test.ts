import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { commands, exitCodes } from "../../agent/commands/command-table.ts";
import { repository } from "../../tools/cache.ts";
import { manualPagePath } from "../../tools/command-documents.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

const path = join(repository, manualPagePath);
const words = (text: string) => text.replace(/\s+/g, " ");
let page: string;

beforeAll(async () => {
	await ensureDebianPackages(["groff-base"], "set the manual page");
	// No hyphenation and no justification, so that sentences can be found again.
	const settings = ["-dAD=l", "-rHY=0", "-rLL=500n", "-P-cbou"];
	const { stdout } = await execa("groff", ["-man", "-Tutf8", ...settings, path]);
	page = words(stdout);
});

test("groff has nothing to complain about, with every warning asked for", async () => {
	const { stderr, exitCode } = await execa("groff", ["-man", "-ww", "-Tutf8", "-z", path]);
	expect([exitCode, stderr]).toEqual([0, ""]);
});

test("title and sections are those of man-pages(7)", async () => {
	expect(page).toContain("NETHERD-AGENT(8)");
	const order = ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "FILES", "SEE ALSO"];
	const places = order.map((name) => page.search(new RegExp(`\\b${name} `)));
	expect(places).toEqual([...places].sort((a, b) => a - b));
	expect(places.every((place) => place >= 0)).toBe(true);
});

describe.each(commands.map((command) => [command.name, command] as const))("%s", (name, command) => {
	test("usage, every paragraph, option and example stand in the set page, letter for letter", () => {
		expect(page).toContain(`netherd-agent ${[name, ...(command.positionals ?? [])].join(" ")} [options]`);
		for (const paragraph of command.description) expect(page).toContain(words(paragraph));
		for (const { name: option, value, help } of command.options) {
			const text = `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
			expect(page).toContain([`--${option}`, ...(value === undefined ? [] : [value]), text].join(" "));
		}
		for (const example of command.examples) {
			expect(page).toContain(words(example.replace(/^agent /, "netherd-agent ")));
		}
	});
});

test("exit codes", () => {
	for (const { code, meaning } of exitCodes) expect(page).toContain(`${code} ${meaning}`);
});
