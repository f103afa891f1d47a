import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { agentVersion } from "../agent/version.ts";
import { repository } from "./cache.ts";
import { bashCompletion } from "./command-documents/bash.ts";
import { fishCompletion } from "./command-documents/fish.ts";
import { manualPage } from "./command-documents/manual-page.ts";
import { zshCompletion } from "./command-documents/zsh.ts";

/*
 * Files that follow from the agent's command table as a whole: manual page and shell completions.
 * `node tools/documents.ts` writes them anew, and a test fails when one is out of date.
 */

export const manualPagePath = "docs/man/netherd-agent.8";
/** Under the names by which the shells look for them. */
export const completionPaths = {
	bash: "docs/completions/netherd-agent.bash",
	zsh: "docs/completions/_netherd-agent",
	fish: "docs/completions/netherd-agent.fish",
} as const;

/** Path in the repository → the text that it should have. */
export function commandDocuments(): ReadonlyMap<string, string> {
	return new Map([
		[manualPagePath, manualPage(agentVersion)],
		[completionPaths.bash, bashCompletion()],
		[completionPaths.zsh, zshCompletion()],
		[completionPaths.fish, fishCompletion()],
	]);
}

/** Those that are out of date. */
export function outdatedCommandDocuments(): Map<string, string> {
	return new Map(
		[...commandDocuments()].filter(([path, text]) => {
			const file = join(repository, path);
			return !existsSync(file) || readFileSync(file, "utf8") !== text;
		}),
	);
}
