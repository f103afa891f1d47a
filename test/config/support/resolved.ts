import { parseCommandLine } from "../../../agent/config/cmdline.ts";
import type { Configuration } from "../../../agent/config/configuration.ts";
import { parseLtsConf } from "../../../agent/config/lts-conf.ts";
import { resolveConfiguration } from "../../../agent/config/resolve.ts";

/** What a file and a command line come to on a node. */
export function resolve(
	text: string,
	options: { commandLine?: string; facts?: Record<string, string> } = {},
) {
	return resolveConfiguration({
		file: parseLtsConf(text, "/srv/lts.conf"),
		identities: { hostname: "node1", ip: "10.9.0.11", mac: "52:54:00:ab:00:01" },
		commandLine: parseCommandLine(options.commandLine ?? ""),
		facts: options.facts ?? {},
	});
}

export function values({ configuration }: { configuration: Configuration }): Record<string, string> {
	return Object.fromEntries(configuration.entries().map(({ key, value }) => [key, value]));
}

export function codes({ findings }: ReturnType<typeof resolve>): string[] {
	return findings
		.filter(({ code }) => code !== "lts-conf.unknown-key")
		.map(({ severity, code, file, line, column }) => `${file}:${line}:${column} ${severity} ${code}`);
}
