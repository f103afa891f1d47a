import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../agent/commands/command-table.ts";
import { keys } from "../../agent/config/keys.ts";
import { repository } from "../../tools/cache.ts";
import { completionPaths, outdatedCommandDocuments } from "../../tools/command-documents.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

let folder: string;

beforeAll(async () => {
	await ensureDebianPackages(["bash", "zsh", "fish"], "try the shell completions");
	folder = mkdtempSync(join(tmpdir(), "netherd-completions-"));
	writeFileSync(join(folder, "farm.conf"), "");
	writeFileSync(join(folder, "two words.conf"), "");
	mkdirSync(join(folder, "sub"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("up to date (node tools/documents.ts writes them)", () => {
	expect([...outdatedCommandDocuments().keys()]).toEqual([]);
});

type Shell = keyof typeof completionPaths;
const shells = Object.keys(completionPaths) as Shell[];
const script = (shell: Shell) => join(repository, completionPaths[shell]);

/** What a real shell offers at the end of a command line, sorted; without what its line has already. */
const offers: Readonly<Record<Shell, (line: string) => Promise<string[]>>> = {
	bash: async (line) => {
		// As bash splits a line for completion: at blanks, and around ":" and "=" (COMP_WORDBREAKS, bash(1)).
		const words = line
			.split(" ")
			.flatMap((word) => (word === "" ? [""] : word.split(/([:=]+)/).filter(Boolean)));
		const trailing = /[:=]$/.test(line) ? [...words] : words;
		const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ${"_netherd_agent"}; printf '%s\\n' "\${COMPREPLY[@]}"`;
		return clean(await run("bash", ["--norc", "-c", program, "bash", script("bash"), ...trailing]));
	},
	zsh: async (line) => {
		const helper = join(import.meta.dirname, "zsh-offers.zsh");
		const out = await run("zsh", ["-f", helper, dirname(script("zsh")), line]);
		expect(out).toContain("@END@");
		return clean(
			[...out.matchAll(/^<(.*)>\r?$/gm)].map(([, word = ""]) => word.replaceAll("\\ ", " ")).join("\n"),
		);
	},
	fish: async (line) => {
		const program = `source "$argv[1]"; complete -C "$argv[2]"`;
		const out = await run("fish", ["--no-config", "-c", program, script("fish"), line]);
		return clean(out.replace(/\t.*$/gm, "").replaceAll("\\ ", " "));
	},
};

async function run(program: string, arguments_: readonly string[]): Promise<string> {
	const { stdout, stderr } = await execa(program, arguments_, {
		cwd: folder,
		env: { TERM: "dumb", HOME: folder, LC_ALL: "C.UTF-8" },
	});
	expect(stderr).toBe("");
	return stdout;
}

function clean(text: string): string[] {
	const words = text.split("\n").map((word) => word.replace(/^--[a-z-]+=/, "").replace(/\/$/, ""));
	return [...new Set(words.filter((word) => word !== ""))].sort();
}

describe.each(shells)("%s", (shell) => {
	test("the file is accepted by the shell", async () => {
		const { exitCode, stderr } = await execa(shell, ["-n", script(shell)], { reject: false });
		expect([exitCode, stderr]).toEqual([0, ""]);
	});

	test.each(commands.map(({ name }) => name))(
		"every option of %s, but those that need another",
		async (name) => {
			const command = commands.find((each) => each.name === name);
			const options = (command?.options ?? []).filter(({ onlyWith }) => onlyWith === undefined);
			const wanted = [...options.map((option) => `--${option.name}`), "--help"].sort();
			expect(await offers[shell](`netherd-agent ${name} --`)).toEqual(wanted);
		},
	);

	test("every key", async () => {
		const wanted = keys.map((key) => key.name.replace("*", "")).filter((key) => key !== "LIKE");
		const found: string[] = [];
		for (const letter of new Set(wanted.map((key) => key.charAt(0)))) {
			found.push(...(await offers[shell](`netherd-agent explain farm.conf ${letter}`)));
		}
		expect(found.sort()).toEqual(wanted.sort());
	});

	test.each([
		["netherd-agent ch", ["check"]],
		["agent ch", ["check"]],
		["netherd-agent --", ["--dry-run", "--help", "--version"]],
		["netherd-agent check --format ", ["json", "text"]],
		["netherd-agent check --format=j", ["json"]],
		["netherd-agent check --format=", ["json", "text"]],
		["netherd-agent check --strict --s", []],
		["netherd-agent check --format json --form", []],
		["netherd-agent check fa", ["farm.conf"]],
		["netherd-agent check --format json fa", ["farm.conf"]],
		["netherd-agent check farm.conf fa", []],
		["netherd-agent facts fa", []],
		["netherd-agent --dry-run --stage i", ["init", "initramfs"]],
		["netherd-agent --dry-run --mac 52:54:00:00:00:01 --stage j", ["join"]],
		["netherd-agent --dry-run --mac=52:54:00:00:00:01 --stage j", ["join"]],
		["netherd-agent --dry-run --mac fa", []],
		["netherd-agent --dry-run --conf fa", ["farm.conf"]],
		["netherd-agent --dry-run --conf=fa", ["farm.conf"]],
		["netherd-agent --dry-run --conf tw", ["two words.conf"]],
		["netherd-agent --dry-run --diff fa", ["farm.conf"]],
		["netherd-agent --dry-run --diff farm.conf fa", ["farm.conf"]],
		["netherd-agent --dry-run --diff farm.conf new.conf fa", []],
		["netherd-agent --dry-run --diff farm.conf new.conf --a", ["--all-nodes"]],
		["netherd-agent --dry-run --diff farm.conf new.conf --co", []],
		["netherd-agent --dry-run --facts f --m", []],
		["netherd-agent explain fa", ["farm.conf"]],
		["netherd-agent explain farm.conf TIME", ["TIMESERVER", "TIMEZONE"]],
		["netherd-agent explain farm.conf time", ["TIMESERVER", "TIMEZONE"]],
		["netherd-agent explain --mac 52:54:00:00:00:01 farm.conf TIMEZ", ["TIMEZONE"]],
		["netherd-agent boot --new-root s", ["sub"]],
		["netherd-agent boot --new-root f", []],
		["netherd-agent nothing --", []],
	])("%s", async (line, wanted) => {
		expect(await offers[shell](line)).toEqual(wanted);
	});
});
