import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initramfsStage, initStage, joinStage } from "../agent/boot.ts";
import { commands } from "../agent/commands/command-table.ts";
import { commandPage, overview } from "../agent/commands/help.ts";
import { type KeyDefinition, keys } from "../agent/config/keys.ts";
import { agentVersion } from "../agent/version.ts";
import { buildHelp, overview as imageOverview, keygenHelp, signHelp } from "../image/help.ts";
import { freeSections } from "../server/config/keys.ts";
import {
	checkHelp,
	configRows,
	dhcpConfigHelp,
	explainHelp,
	mainHelp,
	releasesHelp,
	serveHelp,
} from "../server/help.ts";
import { repository } from "./cache.ts";
import { outdatedCommandDocuments } from "./command-documents.ts";

/*
 * Parts of the documents that follow from the code. Each stands between `<!-- generated: NAME -->` and
 * `<!-- end -->`; `node tools/documents.ts` writes them anew, and a test fails when one is out of date.
 */

const policies = { abort: "stops the boot", warn: "is noted" } as const;

const parts: Readonly<Record<string, () => string>> = {
	steps: () =>
		[
			"| step | what it does | a failure |",
			"|---|---|---|",
			...[initramfsStage, initStage, joinStage].flatMap(({ name, steps }) =>
				steps.map(
					({ step, onFailure }) => `| \`${name}/${step.name}\` | ${step.summary} | ${policies[onFailure]} |`,
				),
			),
		].join("\n"),
	"agent-help": () =>
		[overview(agentVersion), ...commands.map(commandPage)]
			.map((page) => `\`\`\`text\n${page}\`\`\``)
			.join("\n\n"),
	example: () => fenced("ini", readFileSync(join(repository, "examples/lts.conf"), "utf8")),
	"dry-run": dryRunExcerpt,
	keys: () => keyTable(keys.filter(({ origin }) => origin === "ltsp5")),
	"own-keys": () => keyTable(keys.filter(({ origin }) => origin === "netherd")),
	"companion-help": () =>
		[mainHelp, serveHelp(), checkHelp(), explainHelp(), releasesHelp(), dhcpConfigHelp()]
			.map((page) => fenced("text", page))
			.join("\n\n"),
	"image-help": () =>
		[imageOverview(), buildHelp(), signHelp(), keygenHelp()].map((page) => fenced("text", page)).join("\n\n"),
	"companion-keys": companionKeys,
	"lost-server": lostServerExcerpt,
};

const documents = [
	"README.md",
	"docs/command-line.md",
	"docs/image-sources.md",
	"docs/lts-conf.md",
	"docs/server.md",
];

/** Paths of the documents whose generated parts are out of date, with the text that they should have. */
export function outdatedDocuments(): Map<string, string> {
	const outdated = new Map<string, string>();
	for (const path of documents) {
		const text = readFileSync(join(repository, path), "utf8");
		const current = text.replace(
			/(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
			(_, start: string, name: string, end: string) => `${start}\n${partNamed(name, path)}\n\n${end}`,
		);
		if (current !== text) outdated.set(path, current);
	}
	return outdated;
}

function partNamed(name: string, document: string): string {
	const part = parts[name];
	if (part === undefined) throw new Error(`${document} asks for a generated part ${name}, and there is none`);
	return part();
}

/** The steps of the example's dry run that the README shows; the others are left out, and said to be. */
const shownSteps = ["20-fetch-image", "30-mount-image", "45-fstab"];

function dryRunExcerpt(): string {
	const words = ["--dry-run", "--conf", "examples/lts.conf", "--mac", "52:54:00:00:00:01"];
	const output = execFileSync(process.execPath, ["agent/main.ts", ...words], {
		cwd: repository,
		encoding: "utf8",
	});
	const shown: string[] = [];
	let isShown = true;
	for (const line of output.trimEnd().split("\n")) {
		const step = /^ {2}(\d\d-[a-z-]+)/.exec(line)?.[1];
		if (step !== undefined) isShown = shownSteps.includes(step);
		else if (line.startsWith("STAGE")) isShown = true;
		if (isShown) shown.push(line);
		else if (shown.at(-1) !== "  […]") shown.push("  […]");
	}
	return fenced("text", shown.join("\n"));
}

/** Of the captured console: from the loss of the server until the image is complete, but for most lines about progress. */
function lostServerExcerpt(): string {
	const lines = readFileSync(join(repository, "docs/console/server-lost-at-30-percent.txt"), "utf8").split(
		"\n",
	);
	const end = lines.findIndex((line) => line.includes("image complete:"));
	const isProgress = (line: string | undefined) => /netherd: image +\d+ %/.test(line ?? "");
	const shown = lines
		.slice(0, end + 1)
		.filter(
			(line, index, all) =>
				/netherd: image: |image complete:|>>>.*<<<$/.test(line) || isNextToNews(all, index),
		);
	return fenced("text", shown.join("\n"));

	/** Progress is shown where something else stands before or after it. */
	function isNextToNews(all: readonly string[], index: number): boolean {
		return isProgress(all[index]) && !(isProgress(all[index - 1]) && isProgress(all[index + 1]));
	}
}

function fenced(language: string, text: string): string {
	return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

function keyTable(table: readonly KeyDefinition[]): string {
	return [
		"| key | type | default | what it does | step |",
		"|---|---|---|---|---|",
		...table.map((key) => {
			const initial = key.default === undefined ? (key.otherwise ?? "") : `\`${key.default}\``;
			const type =
				key.type === "choice" ? (key.choices ?? []).map((choice) => `\`${choice}\``).join(", ") : key.type;
			return `| \`${key.name}\` | ${type} | ${initial} | ${key.help} | ${key.owner} |`;
		}),
	].join("\n");
}

function companionKeys(): string {
	const rows = configRows().map(({ section, key, example, presence, help }) => {
		const initial = presence.replace("Default: empty", "empty").replace(/^Default: (.*)$/, "`$1`");
		return `| \`[${section}] ${key}\` | \`${example}\` | ${initial} | ${help} |`;
	});
	const free = Object.values(freeSections).map(
		({ section, key, example, help }) => `| \`[${section}]\` ${key} | \`${example}\` | Optional | ${help} |`,
	);
	return ["| key | example | default | what it does |", "|---|---|---|---|", ...rows, ...free].join("\n");
}

if (import.meta.main) {
	for (const [path, text] of [...outdatedDocuments(), ...outdatedCommandDocuments()]) {
		writeFileSync(join(repository, path), text);
		console.log(`written: ${path}`);
	}
}
