import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../agent/commands/command-table.ts";
import { overview as agentOverview, commandPage } from "../agent/commands/help.ts";
import { checkLtsConf } from "../agent/config/check.ts";
import { findKey, findKeyWithoutEffect } from "../agent/config/find-key.ts";
import { keys } from "../agent/config/keys.ts";
import { buildHelp, overview as imageOverview, keygenHelp, signHelp } from "../image/help.ts";
import { configKeys, sectionNames } from "../server/config/keys.ts";
import { parseConfig } from "../server/config/read-config.ts";
import { type CompanionEvent, levelOf } from "../server/events.ts";
import { checkHelp, dhcpConfigHelp, explainHelp, mainHelp, releasesHelp, serveHelp } from "../server/help.ts";
import { repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { outdatedDocuments } from "../tools/documents.ts";
import { codeBlocks, codeSpans, headingAnchors, linkTargets, markdownFiles } from "./lib/markdown.ts";

const files = markdownFiles();
const blocks = files.flatMap(codeBlocks);
const textOf = (path: string) => readFileSync(join(repository, path), "utf8");

test("the generated parts of the documents are up to date (node tools/documents.ts writes them)", () => {
	expect([...outdatedDocuments().keys()]).toEqual([]);
});

test("every relative link leads to a file, and its anchor to a heading", () => {
	const broken = files.flatMap((file) =>
		linkTargets(file)
			.filter((target) => !/^[a-z]+:/.test(target))
			.filter((target) => {
				const [path = "", anchor] = target.split("#");
				const leadsTo = path === "" ? file.path : normalize(join(dirname(file.path), path));
				if (!existsSync(join(repository, leadsTo))) return true;
				return anchor !== undefined && !headingAnchors(textOf(leadsTo)).has(anchor);
			})
			.map((target) => `${file.path}: ${target}`),
	);
	expect(broken).toEqual([]);
});

/** The help text in which the options of a command line have to stand; undefined: there is no such command. */
function helpFor([program = "", command = ""]: readonly string[]): string | undefined {
	const isOverview = ["", "--help", "--version"].includes(command);
	switch (program) {
		case "companion":
			return isOverview
				? mainHelp
				: {
						serve: serveHelp(),
						check: checkHelp(),
						explain: explainHelp(),
						releases: releasesHelp(),
						"dhcp-config": dhcpConfigHelp(),
					}[command];
		case "image":
			return isOverview
				? imageOverview()
				: { build: buildHelp(), keygen: keygenHelp(), sign: signHelp() }[command];
		default: {
			const found = commands.find(({ name }) => name === command);
			return isOverview ? agentOverview("0") : found && `${command} ${commandPage(found)}`;
		}
	}
}

/** Words of each call of one of our programs in a text, the program first. */
function calls(text: string): string[][] {
	const program =
		/^(?:sudo )?(?:npm run (?:--silent )?(agent|companion|image)(?: --(?= |$))?|(?:\/\S+\/)?(agent|netherd-agent|companion|image)(?= |$)) ?(.*)$/;
	return text
		.replaceAll("\\\n", " ")
		.split(/\n|&&|\||;|ExecStart=/)
		.flatMap((part) => {
			const [, fromNpm, plain, rest = ""] = program.exec(part.trim()) ?? [];
			const name = fromNpm ?? plain;
			return name === undefined
				? []
				: [
						[
							name,
							...rest
								.replace(/\s#.*$/, "")
								.split(/\s+/)
								.filter(Boolean),
						],
					];
		});
}

const documentedCalls = [
	...blocks
		.filter(({ language }) => ["sh", "ini"].includes(language))
		.map(({ path, text }) => ({ path, text })),
	...files.flatMap((file) => codeSpans(file).map((text) => ({ path: file.path, text }))),
].flatMap(({ path, text }) => calls(text).map((words) => ({ path, words })));

describe("calls of agent, companion and image", () => {
	test("are found", () => {
		const shown = documentedCalls.map(({ words }) => words.slice(0, 2).join(" "));
		for (const call of ["agent check", "agent --dry-run", "companion serve", "image build"]) {
			expect(shown.filter((each) => each === call).length).toBeGreaterThan(2);
		}
	});

	test("use commands and options that there are", () => {
		const unknown = documentedCalls.flatMap(({ path, words }) => {
			const help = helpFor(words);
			const shown = `${path}: ${words.join(" ")}`;
			if (help === undefined) return [`${shown}: no such command`];
			return words
				.filter((word) => word.startsWith("--") && word !== "--" && word !== "--help")
				.map((word) => word.replace(/=.*$/, ""))
				.filter((option) => !new RegExp(`${option}(?![\\w-])`).test(help))
				.map((option) => `${shown}: no option ${option}`);
		});
		expect(unknown).toEqual([]);
	});

	test("npm scripts that there are", () => {
		const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
		const named = [...blocks, ...files.flatMap((file) => codeSpans(file).map((text) => ({ text })))].flatMap(
			({ text }) => [...text.matchAll(/npm run (?:--silent )?([a-z]+)/g)].map((match) => match[1] ?? ""),
		);
		expect(named).toContain("companion");
		expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
	});
});

describe("examples", () => {
	const ini = blocks.filter(({ language }) => language === "ini");
	const isUnit = (text: string) => /^\[Unit\]$/m.test(text);
	const sectionsOf = (text: string) => [...text.matchAll(/^\[(.*)\]$/gm)].map((match) => match[1] ?? "");
	const isCompanion = (text: string) =>
		sectionsOf(text).length > 0 && sectionsOf(text).every((name) => sectionNames.includes(name));

	test.each(ini.filter(({ text }) => isCompanion(text)))("the companion reads $path:$line", ({ text }) => {
		// Parts of a configuration: with what it cannot do without.
		const whole = text.includes("[network]")
			? text
			: `[network]\ninterface = eth1\n[dhcp]\nmode = off\n${text}`;
		expect(parseConfig(whole, "companion.ini").interfaceName).toBe("eth1");
	});

	test.each(ini.filter(({ text }) => !isCompanion(text) && !isUnit(text)))(
		"agent check finds nothing in $path:$line",
		({ text }) => {
			const whole = text.trimStart().startsWith("[") || text.includes("\n[") ? text : `[default]\n${text}`;
			// A file of LTSP 5 may join as it did there; agent check only knows better.
			const findings = checkLtsConf(whole, "lts.conf");
			expect(findings.filter(({ code }) => code !== "lts-conf.join-in-rcfile")).toEqual([]);
		},
	);

	test.each(ini.filter(({ text }) => isUnit(text)))(
		"systemd accepts the unit in $path:$line",
		async ({ text }) => {
			await ensureDebianPackages(["systemd"], "verify units");
			const folder = mkdtempSync(join(tmpdir(), "netherd-unit-"));
			try {
				const unit = join(folder, "documented.service");
				// What it starts is built, and is not there on every machine.
				writeFileSync(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
				const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
					encoding: "utf8",
				});
				expect({ status, about: stderr.split("\n").filter((line) => line.includes("documented")) }).toEqual({
					status: 0,
					about: [],
				});
			} finally {
				rmSync(folder, { recursive: true });
			}
		},
	);

	test("there are some of each", () => {
		expect(ini.filter(({ text }) => isCompanion(text)).length).toBeGreaterThan(3);
		expect(ini.filter(({ text }) => !isCompanion(text) && !isUnit(text)).length).toBeGreaterThan(5);
		expect(ini.filter(({ text }) => isUnit(text)).length).toBeGreaterThan(0);
	});

	test("lines of lts.conf between backquotes check without findings", () => {
		const lines = files
			.flatMap((file) => codeSpans(file).map((text) => ({ path: file.path, text })))
			.filter(({ text }) => /^[A-Z][A-Z0-9_]* = \S/.test(text))
			.filter(({ text }) => findKey(text.split(" ")[0] ?? "") !== undefined);
		expect(lines.length).toBeGreaterThan(5);
		const found = lines.flatMap(({ path, text }) =>
			checkLtsConf(`[default]\n${text}\n`, path).map(({ message }) => `${path}: ${text}: ${message}`),
		);
		expect(found).toEqual([]);
	});
});

describe("names", () => {
	/** Names in capitals that are no keys of lts.conf. */
	const others =
		/^(?:BASH_ENV|LC_ALL|LD_\*|BOOT_IMAGE|NBD_ROOT_(?:HOST|PORT|NAME)|NODE_OPTIONS|KUBERNETES_BIN_DIR|SOURCE_DATE_EPOCH)$/;

	const dockerfile = readFileSync(join(repository, "image/Dockerfile"), "utf8");
	const buildArguments = [...dockerfile.matchAll(/^ARG ([A-Z_]+)/gm)].map(([, name]) => name);

	/** A key, a family, or the beginning of several keys: `KUBEADM_JOIN_*`. */
	const isKnown = (name: string) => {
		const key = name.replace("*", "X");
		const isKey = findKey(key) !== undefined || findKeyWithoutEffect(key) !== undefined;
		return isKey || (name.endsWith("*") && keys.some((each) => each.name.startsWith(name.slice(0, -1))));
	};

	test("keys of lts.conf that a document names are known", () => {
		const unknown = files.flatMap((file) =>
			codeSpans(file)
				.flatMap((text) => [...text.matchAll(/^([A-Z][A-Z0-9]*_[A-Z0-9_]*\*?)(?: = .*)?$/g)])
				.map((match) => match[1] ?? "")
				.filter((key) => !others.test(key) && !buildArguments.includes(key))
				.filter((key) => !isKnown(key))
				.map((key) => `${file.path}: ${key}`),
		);
		expect(unknown).toEqual([]);
	});

	test("sections and keys of the companion's configuration that a document names are known", () => {
		const named = files.flatMap((file) =>
			codeSpans(file)
				.flatMap((text) => [...text.matchAll(/^\[([a-z]+)\] ([a-z-]+)(?: = .*)?$/g)])
				.map(([, section, key]) => `${section}.${key}`),
		);
		expect(named).toContain("image.default");
		expect(named.filter((name) => !Object.hasOwn(configKeys, name))).toEqual([]);
	});

	test("docs/server.md lists every event of the companion with its level", () => {
		const rows = [...textOf("docs/server.md").matchAll(/^\| (`[a-z.]+`(?:, `[a-z.]+`)*) \| ([a-z ]+) \| /gm)];
		const listed = rows.flatMap(([, names = "", level]) =>
			[...names.matchAll(/`([a-z]+\.[a-z]+)`/g)].map((match) => [match[1] ?? "", level] as const),
		);
		const types = textOf("server/events.ts").split("export type EventSink")[0] ?? "";
		const events = [...types.matchAll(/\bevent: ([^;]+);/g)].flatMap(([, union = ""]) =>
			[...union.matchAll(/"([a-z.]+)"/g)].map((match) => match[1] ?? ""),
		);
		expect(listed.map(([name]) => name).sort()).toEqual([...events].sort());
		const levels = listed.filter(([name]) => name !== "http.request");
		const right = levels.map(([name]) => [name, levelOf({ event: name } as CompanionEvent)]);
		expect(levels).toEqual(right);
	});
});
