import { dirname } from "node:path";
import type { StageChanges } from "../../../agent/commands/diff/compare-plans.ts";
import type { differenceToJson } from "../../../agent/commands/diff/output.ts";
import { type DiffOptions, diff } from "../../../agent/commands/diff.ts";
import { runCommand, temporaryFiles } from "../run-command.ts";

const file = temporaryFiles();
let count = 0;

type Json = ReturnType<typeof differenceToJson>;
type Options = Partial<DiffOptions>;

/** Two versions of a farm, as files. */
export function files(before: string, after: string): [string, string] {
	count++;
	return [file(`old-${count}.conf`, before), file(`new-${count}.conf`, after)];
}

/** What `agent diff --format json` says of them. */
export function compare(before: string, after: string, options: Options = { hostname: "node7" }) {
	const [old, next] = files(before, after);
	const { exitCode, stdout } = runCommand("json", (output) =>
		diff(old, next, { allNodes: false, ...options }, output),
	);
	return { exitCode, ...(JSON.parse(stdout) as Json), old, next };
}

/** What a person is shown; the files are old.conf and new.conf. */
export function page(before: string, after: string, options: Options = { hostname: "node7" }): string {
	const [old, next] = files(before, after);
	return runCommand("text", (output) => diff(old, next, { allNodes: false, ...options }, output))
		.stdout.replaceAll(`${dirname(old)}/`, "")
		.replaceAll(`-${count}.conf`, ".conf");
}

/** A line for each action that differs. */
export function changes(stages: readonly StageChanges[] | undefined): string[] {
	return (stages ?? []).flatMap(({ name, steps }) =>
		steps.flatMap((step) =>
			step.changes.map((each) => {
				const action = "new" in each ? each.new : each.old;
				return `${name}/${step.name}: ${each.change} ${action.kind} ${"path" in action ? action.path : ""}`.trim();
			}),
		),
	);
}
