import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { endsWithBuild } from "../run-in-root.ts";
import { runTool } from "../run-tool.ts";

/** What runs, or is for a running system only: not even looked at. */
const notCopied = ["dev", "proc", "sys", "run", "tmp", "var/tmp"];

/**
 * Copies a root: owners, modes, dates, hard links, capabilities. Other file systems that are mounted in it stay out.
 *
 * @throws {NetherdError} `image.source-unreadable`, `image.disk-full`.
 */
export async function copyRootFolder(from: string, to: string, without: readonly string[]): Promise<void> {
	const real = realpathSync(from);
	const inside = without
		.map((folder) => relative(real, folder))
		.filter((path) => path !== "" && path !== ".." && !path.startsWith("../"));
	const exclude = [
		...notCopied.map((folder) => `--exclude=./${folder}/*`),
		...inside.map((path) => `--exclude=./${path.replace(/[\\*?[\]]/g, "\\$&")}`),
	];
	const create = [
		...["tar", "--create", "--file=-", `--directory=${real}`, "--one-file-system", ...tarAttributes],
		...["--anchored", "--warning=no-file-ignored", ...exclude, "."],
	];
	const extract = [
		"tar",
		"--extract",
		"--file=-",
		`--directory=${to}`,
		"--same-permissions",
		...tarAttributes,
	];
	const pipe = '"${@:2:$1}" | "${@:$1+2}"';
	await runTool(
		[
			...endsWithBuild,
			...["bash", "-o", "pipefail", "-c", pipe, "bash", String(create.length), ...create, ...extract],
		],
		{
			code: "image.source-unreadable",
			hint: "see the last lines; nothing may change the source meanwhile, and root must be allowed to read all of it",
			program: "tar",
		},
	);
}

/** What tar keeps of a file in an image: numbers of owners, ACLs no, file capabilities yes (capabilities(7)). */
export const tarAttributes = ["--numeric-owner", "--xattrs", "--xattrs-include=security.capability"];
