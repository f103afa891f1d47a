import { expect } from "vitest";
import { explain } from "../../../agent/commands/explain.ts";
import type { explanationToJson } from "../../../agent/commands/explanation-output.ts";
import { runCommand, temporaryFiles } from "../run-command.ts";

export const file = temporaryFiles();

/** With values from sections, patterns, LIKE, and of keys that win twice. */
export const farm = file(
	"farm.conf",
	`[default]
TIMEZONE = Europe/Prague
SYSCTL_FILES = "fs.file-max = 20000000"
RCFILE_01 = "echo $IPV4ADDR \\$HOSTNAME > /tmp/x"

[storage]
LIKE = base
TIMEZONE = Europe/Berlin
SEARCH_DOMAIN = a.example
SEARCH_DOMAIN = b.example

[base]
SYSCTL_FILES = NONE
SYSLOG_HOST = 10.9.0.2

[52:54:00:00:00:01]
LIKE = storage
HOSTNAME = storage1

[node*]
HOSTNAME_BASE = farm

[elsewhere]
TIMESERVER = 10.9.0.3
`,
);

type Options = Omit<Parameters<typeof explain>[2], "all"> & { key?: string; all?: boolean };
export type Json = ReturnType<typeof explanationToJson>;

/** What `agent explain --format json` says. */
export function explained(conf: string, { key, all = false, ...node }: Options): Json {
	const { exitCode, stdout } = runCommand("json", (output) => explain(conf, key, { ...node, all }, output));
	expect(exitCode, stdout).toBe(0);
	return JSON.parse(stdout) as Json;
}

export function page(conf: string, { key, all = false, ...node }: Options): string {
	return runCommand("text", (output) => explain(conf, key, { ...node, all }, output)).stdout;
}
