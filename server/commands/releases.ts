import { resolve } from "node:path";
import { choice, parse, report, usage } from "../arguments.ts";
import { checkPins } from "../boot-choice.ts";
import { readConfig } from "../config/read-config.ts";
import { releasesHelp } from "../help.ts";
import { findProgram } from "../programs.ts";
import { listReleases, listText } from "../releases/list.ts";
import { type CurrentMoved, checkImage, checkName, promote, rollback } from "../releases/promote.ts";
import { type PruneReport, prune } from "../releases/prune.ts";
import { imagesIn } from "../releases/versions.ts";

type Words = ReturnType<typeof parse>;

/** `companion releases list | promote | rollback | prune`. */
export async function runReleases(args: readonly string[]): Promise<number> {
	const [command, ...rest] = args;
	const words = parse(rest, {
		format: { type: "string" },
		verify: { type: "boolean" },
		keep: { type: "string" },
		"dry-run": { type: "boolean" },
	});
	const asksForHelp = command === undefined || ["--help", "-h", "help"].includes(command);
	if (asksForHelp || words.values.help === true) {
		process.stdout.write(releasesHelp());
		return 0;
	}
	const isJson = choice("--format", words.values.format, ["text", "json"]) === "json";
	const run = commands[command];
	if (run === undefined) {
		throw usage(
			`unknown command releases ${command}`,
			`there are: releases ${Object.keys(commands).join(", ")}`,
		);
	}
	const misplaced = Object.keys(words.values).find((option) => !run.options.includes(option));
	if (misplaced !== undefined) throw usage(`releases ${command} has no option --${misplaced}`, run.usage);
	return report(isJson, () => run.run(words, run.usage));
}

interface ReleasesCommand {
	readonly usage: string;
	readonly options: readonly string[];
	readonly run: (words: Words, usage: string) => ReturnType<Parameters<typeof report>[1]>;
}

const commands: Readonly<Record<string, ReleasesCommand>> = {
	list: {
		usage: "companion releases list DIR [--config FILE]",
		options: ["format", "config"],
		async run({ values, positionals }, usageText) {
			const { folder } = takeWords(positionals, [], usageText);
			const images = listReleases(folder, { flock: findProgram("flock"), pins: pinsOf(values.config) });
			return { json: { ok: true, folder, images }, text: listText(images) };
		},
	},
	promote: {
		usage: "companion releases promote DIR NAME/VERSION [--verify]",
		options: ["format", "verify"],
		async run({ values, positionals }, usageText) {
			const { folder, words } = takeWords(positionals, ["NAME/VERSION"], usageText);
			const [image = "", version = "", ...more] = (words[0] ?? "").split("/");
			if (version === "" || more.length > 0) throw usage(`${words[0]} is not NAME/VERSION`, usageText);
			const moved = await promote(
				folder,
				{ image, version },
				{ flock: findProgram("flock"), isToVerify: values.verify === true },
			);
			return { json: { ok: true, ...moved }, text: movedText(moved) };
		},
	},
	rollback: {
		usage: "companion releases rollback DIR [NAME]",
		options: ["format"],
		async run({ positionals }, usageText) {
			const { folder, words } = takeWords(positionals, ["[NAME]"], usageText);
			const moved = rollback(folder, words[0], { flock: findProgram("flock") });
			return { json: { ok: true, ...moved }, text: movedText(moved) };
		},
	},
	prune: {
		usage: "companion releases prune DIR [NAME] --keep N --config FILE [--dry-run]",
		options: ["format", "keep", "config", "dry-run"],
		async run({ values, positionals }, usageText) {
			const { folder, words } = takeWords(positionals, ["[NAME]"], usageText);
			const keep = keepCount(values.keep, usageText);
			if (values.config === undefined) {
				throw usage("--config FILE is missing: without it nobody knows what is pinned", usageText);
			}
			const pins = pinsOf(values.config);
			// A pin that names nothing is a mistake, perhaps of the version that is meant to stay.
			checkPins(folder, pins);
			const isTrial = values["dry-run"] === true;
			const flock = findProgram("flock");
			const reports = imagesToPrune(folder, words[0]).map((image) =>
				prune(folder, image, { flock, keep, pins, isTrial }),
			);
			const all = {
				removed: reports.flatMap(({ removed }) => removed),
				kept: reports.flatMap(({ kept }) => kept),
				failed: reports.flatMap(({ failed }) => failed),
			};
			return {
				json: { ok: all.failed.length === 0, isTrial, ...all },
				text: prunedText(all, isTrial),
				exitCode: all.failed.length === 0 ? 0 : 2,
			};
		},
	},
};

/** DIR and what follows it. @param expected Those in brackets may be missing. */
function takeWords(
	positionals: readonly string[],
	expected: readonly string[],
	usageText: string,
): { folder: string; words: readonly string[] } {
	const [folder, ...words] = positionals;
	if (folder === undefined) throw usage("the boot tree's folder is missing", usageText);
	const missing = expected.slice(words.length).find((word) => !word.startsWith("["));
	if (missing !== undefined) throw usage(`${missing} is missing`, usageText);
	if (words.length > expected.length) throw usage(`too many words: ${words.join(" ")}`, usageText);
	return { folder: resolve(folder), words };
}

function keepCount(text: unknown, usageText: string): number {
	if (typeof text !== "string") throw usage("--keep N is missing", usageText);
	const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
	if (count >= 1) return count;
	throw usage(`--keep ${text}: give a whole number from 1 on`, usageText);
}

function pinsOf(configFile: unknown) {
	return typeof configFile === "string" ? readConfig(configFile).pins : [];
}

function imagesToPrune(folder: string, image: string | undefined): string[] {
	if (image === undefined) return imagesIn(folder);
	checkName(image);
	checkImage(folder, image);
	return [image];
}

function movedText({ image, from, to, isVerified, isSigned }: CurrentMoved): string {
	const how = `${isVerified ? ", all hashes compared" : ""}${isSigned ? "" : "; it is not signed: nodes refuse it, see image sign"}`;
	if (from === to) return `${image}: ${to} is current already${how}\n`;
	return `${image}: current is ${to}, it was ${from ?? "nothing"}${how}\n`;
}

function prunedText({ removed, kept, failed }: PruneReport, isTrial: boolean): string {
	const [verb, total] = isTrial ? ["would remove", "would free"] : ["removed", "freed"];
	const sum = removed.reduce((bytes, { freedBytes }) => bytes + freedBytes, 0);
	return [
		...removed.map(
			({ image, version, freedBytes }) =>
				`${verb} ${image}/${version}: ${inMiB(freedBytes)}${ofOthers(freedBytes)}`,
		),
		...kept.map(({ image, version, reasons }) => `keeps ${image}/${version}: ${reasons.join("; ")}`),
		...failed.map(({ image, version, error }) => `failed ${image}/${version}: ${error}`),
		`${total} ${inMiB(sum)}`,
		"",
	].join("\n");
}

function ofOthers(freedBytes: number): string {
	return freedBytes === 0 ? ", its files have other names on this disk" : "";
}

function inMiB(bytes: number): string {
	return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
