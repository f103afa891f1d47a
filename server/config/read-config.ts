import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "ini";
import { NetherdError } from "../../agent/errors.ts";
import type { Loaders } from "../loaders.ts";
import { type FreeEntry, readHosts, type StaticHost } from "./hosts.ts";
import { type IniLine, readIniLines } from "./ini-lines.ts";
import {
	type ConfigKey,
	configKeys,
	type FreeSectionName,
	isFreeSection,
	isKeyName,
	type KeyName,
	type KeyValues,
	keyOf,
	sectionNames,
	sectionOf,
} from "./keys.ts";
import { nearestName } from "./nearest-name.ts";
import { type Group, type Pin, readPins } from "./pins.ts";
import { type ConfigProblem, configError } from "./problems.ts";
import { type AddressRange, addressNumber, ValueProblem } from "./values.ts";

/** What the configuration file says; not yet compared with this machine (network.ts) or with DIR (boot-tree.ts). */
export interface Config {
	/** The file as it was named. */
	readonly file: string;
	readonly interfaceName: string;
	readonly address: string | undefined;
	readonly httpPort: number;
	/** Undefined: nothing is served over NBD. */
	readonly nbdPort: number | undefined;
	readonly dhcp: DhcpConfig;
	readonly routerAdvertisements: boolean;
	readonly loaders: Loaders;
	readonly defaultImage: string | undefined;
	/** Absolute paths of the private keys that sign lts.conf; none: it is served as it is. */
	readonly signingKeyFiles: readonly string[];
	readonly kernelParameters: string;
	/** Holds the bootstrap token of the nodes' cluster. */
	readonly tokenFile: string | undefined;
	readonly log: { readonly format: "text" | "json"; readonly level: "info" | "debug" };
	/** By address. */
	readonly hosts: readonly StaticHost[];
	readonly groups: readonly Group[];
	/** In the order of the file. */
	readonly pins: readonly Pin[];
}

export type DhcpConfig = { readonly mode: "proxy" | "off" } | DhcpServerConfig;

export interface DhcpServerConfig {
	readonly mode: "server";
	readonly range: AddressRange;
	/** As dnsmasq writes it. */
	readonly lease: string;
	readonly router: string | undefined;
	readonly dns: readonly string[];
	readonly domain: string | undefined;
}

/** @throws {NetherdError} `server-config.not-readable`, and what parseConfig throws. */
export function readConfig(file: string): Config {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		throw new NetherdError("server-config.not-readable", `cannot read the configuration ${file}`, {
			hint: "give an existing file: --config FILE; examples/companion.ini is one to start from",
			cause: error,
		});
	}
	return parseConfig(text, file);
}

/**
 * @param file For messages.
 * @throws {NetherdError} `server-config.*`: everything that is wrong, in one error.
 */
export function parseConfig(text: string, file: string): Config {
	const withoutMark = text.replace(/^\uFEFF/, "");
	const lines = readIniLines(withoutMark);
	const entries = readEntries(withoutMark, lines);
	const { values, problems: valueProblems } = readValues(entries);
	const entriesOf = (name: FreeSectionName): FreeEntry[] => entries.filter(({ section }) => section === name);
	const { hosts, problems: hostProblems } = readHosts(entriesOf("hosts"));
	const { groups, pins, problems: pinProblems } = readPins(hosts, entriesOf("groups"), entriesOf("pins"));
	const problems = [
		...lineProblems(lines),
		...valueProblems,
		...hostProblems,
		...pinProblems,
		...contradictions(values, entries),
	];
	if (problems.length > 0) throw configError(file, problems);
	const byAddress = [...hosts].sort((a, b) => addressNumber(a.address) - addressNumber(b.address));
	return { ...toConfig(file, values as KeyValues), hosts: byAddress, groups, pins };
}

interface Entry {
	readonly line: number;
	readonly section: string;
	readonly key: string;
	readonly value: string;
}

/** The last entry of each key; that is the one whose value `ini` returns. */
function readEntries(text: string, lines: readonly IniLine[]): Entry[] {
	const sections: Record<string, unknown> = parse(text);
	const entries = new Map<string, Entry>();
	for (const line of lines) {
		if (line.kind !== "entry" || line.section === undefined) continue;
		const values = sections[line.section];
		const value = isRecord(values) ? values[line.key] : undefined;
		// `ini` turns true, false and null into their JSON values.
		if (value === undefined || (typeof value === "object" && value !== null)) continue;
		entries.set(`${line.section}\n${line.key}`, {
			line: line.line,
			section: line.section,
			key: line.key,
			value: String(value),
		});
	}
	return [...entries.values()];
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null;
}

function lineProblems(lines: readonly IniLine[]): ConfigProblem[] {
	const problems: ConfigProblem[] = [];
	const firstLine = new Map<string, number>();
	const report = (code: ConfigProblem["code"], line: number, message: string, hint: string) =>
		problems.push({ code, line, message, hint });
	const unlessSeen = (name: string, shown: string, line: number) => {
		const first = firstLine.get(name);
		if (first === undefined) firstLine.set(name, line);
		else
			report("server-config.duplicate", line, `${shown} is on line ${first} already`, "remove one of them");
	};

	for (const line of lines) {
		if (line.kind === "unreadable") {
			report(
				"server-config.unreadable-line",
				line.line,
				`neither [section] nor key = value: ${line.text.trim()}`,
				"a section starts at the beginning of its line; a comment starts with # or ;",
			);
		} else if (line.kind === "section") {
			unlessSeen(`[${line.section}]`, `[${line.section}]`, line.line);
			if (sectionNames.includes(line.section)) continue;
			const nearest = nearestName(line.section, sectionNames);
			report(
				"server-config.unknown-section",
				line.line,
				`unknown section [${line.section}]`,
				nearest === undefined ? `sections are: ${sectionNames.join(", ")}` : `did you mean [${nearest}]?`,
			);
		} else if (line.section === undefined) {
			report(
				"server-config.unknown-key",
				line.line,
				`${line.key} stands before any [section]`,
				"move it below one",
			);
		} else if (sectionNames.includes(line.section)) {
			unlessSeen(`${line.section}\n${line.key}`, `[${line.section}] ${line.key}`, line.line);
			const name = `${line.section}.${line.key}`;
			if (isFreeSection(line.section) || isKeyName(name)) continue;
			report(
				"server-config.unknown-key",
				line.line,
				`[${line.section}] ${line.key}: unknown key`,
				unknownKeyHint(line.section, line.key),
			);
		}
	}
	return problems;
}

function unknownKeyHint(section: string, key: string): string {
	const names = Object.keys(configKeys);
	const here = names.filter((name) => sectionOf(name) === section).map(keyOf);
	const nearest = nearestName(key, here);
	if (nearest !== undefined) return `did you mean ${nearest}?`;
	const elsewhere = names.find((name) => keyOf(name) === key);
	if (elsewhere !== undefined) return `${key} belongs into [${sectionOf(elsewhere)}]`;
	return `keys of [${section}] are: ${here.join(", ")}`;
}

function readValues(entries: readonly Entry[]): {
	values: Partial<Record<KeyName, unknown>>;
	problems: ConfigProblem[];
} {
	const values: Partial<Record<KeyName, unknown>> = {};
	const problems: ConfigProblem[] = [];
	for (const name of Object.keys(configKeys).filter(isKeyName)) {
		const definition: ConfigKey<unknown> = configKeys[name];
		const shown = `[${sectionOf(name)}] ${keyOf(name)}`;
		const entry = entries.find(({ section, key }) => `${section}.${key}` === name);
		const text = entry?.value ?? definition.defaultText;
		if (text === undefined) {
			if (definition.isRequired) {
				const hint = `add to [${sectionOf(name)}], for example: ${keyOf(name)} = ${definition.example}`;
				problems.push({ code: "server-config.missing-key", message: `${shown} is missing`, hint });
			}
			continue;
		}
		try {
			values[name] = definition.parse(text);
		} catch (error) {
			if (!(error instanceof ValueProblem)) throw error;
			problems.push({
				code: "server-config.bad-value",
				line: entry?.line,
				message: `${shown} = ${text}: ${error.message}`,
				hint: error.hint,
			});
		}
	}
	return { values, problems };
}

/** Keys that only a DHCP server has a use for: to ignore them silently would hide a mistake. */
const serverOnlyKeys = ["range", "lease", "router", "dns", "domain"];

function contradictions(
	values: Partial<Record<KeyName, unknown>>,
	entries: readonly Entry[],
): ConfigProblem[] {
	const mode = values["dhcp.mode"];
	if (mode === undefined) return [];
	if (mode === "server") {
		const isGiven = entries.some(({ section, key }) => section === "dhcp" && key === "range");
		if (isGiven) return [];
		const hint = `add for example: range = ${configKeys["dhcp.range"].example}; or choose mode = proxy or off`;
		return [{ code: "server-config.missing-key", message: "[dhcp] range is missing, mode is server", hint }];
	}
	return entries
		.filter(({ section, key }) => section === "dhcp" && serverOnlyKeys.includes(key))
		.map(({ line, section, key }) => ({
			code: "server-config.no-effect" as const,
			line,
			message: `[${section}] ${key} has no effect with [dhcp] mode = ${mode}`,
			hint: "the other DHCP server decides this: remove the line, or set mode = server",
		}));
}

function toConfig(file: string, values: KeyValues): Omit<Config, "hosts" | "groups" | "pins"> {
	return {
		file,
		interfaceName: values["network.interface"],
		address: values["network.address"],
		httpPort: values["http.port"],
		nbdPort: values["nbd.serve"] ? values["nbd.port"] : undefined,
		dhcp: toDhcpConfig(values),
		routerAdvertisements: values["dhcp.router-advertisements"] ?? values["dhcp.mode"] === "server",
		loaders: { bios: values["loader.bios"], uefi: values["loader.uefi"] },
		defaultImage: values["image.default"],
		signingKeyFiles: (values["signing.key"] ?? []).map((path) => resolve(dirname(file), path)),
		kernelParameters: values["kernel.parameters"],
		tokenFile: values["kubernetes.token-file"],
		log: { format: values["log.format"], level: values["log.level"] },
	};
}

function toDhcpConfig(values: KeyValues): DhcpConfig {
	const mode = values["dhcp.mode"];
	const range = values["dhcp.range"];
	if (mode !== "server" || range === undefined) return { mode: mode === "proxy" ? "proxy" : "off" };
	return {
		mode,
		range,
		lease: values["dhcp.lease"],
		router: values["dhcp.router"],
		dns: values["dhcp.dns"] ?? [],
		domain: values["dhcp.domain"],
	};
}
