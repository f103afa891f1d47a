import { freeSections } from "./keys.ts";
import type { ConfigProblem } from "./problems.ts";
import { parseAddress, parseHostname, parseMac, ValueProblem } from "./values.ts";

/** A node that the configuration knows: all its network cards, one address, perhaps a name. */
export interface StaticHost {
	/** At least one; lower case, with colons. Whichever card it boots from, it is this node. */
	readonly macs: readonly [string, ...string[]];
	readonly address: string;
	readonly hostname: string | undefined;
}

/** A line of a section whose keys are free. */
export interface FreeEntry {
	readonly line: number;
	readonly key: string;
	readonly value: string;
}

const { section, example } = freeSections.hosts;

/**
 * Reads the section [hosts], `MAC, … = ADDRESS` or `MAC, … = ADDRESS, HOSTNAME`; no MAC address, address or host name
 * may occur twice.
 */
export function readHosts(entries: readonly FreeEntry[]): { hosts: StaticHost[]; problems: ConfigProblem[] } {
	const hosts: StaticHost[] = [];
	const problems: ConfigProblem[] = [];
	const lineOf = new Map<string, number>();
	for (const entry of entries) {
		const report = (code: ConfigProblem["code"], what: string, hint: string) => {
			const message = `[${section}] ${entry.key} = ${entry.value}: ${what}`;
			problems.push({ code, line: entry.line, message, hint });
		};
		try {
			const host = readHost(entry);
			const names = [...host.macs, host.address, ...(host.hostname === undefined ? [] : [host.hostname])];
			const taken = names.find((name, index) => lineOf.has(name) || names.indexOf(name) < index);
			if (taken !== undefined) {
				report(
					"server-config.duplicate",
					`${taken} is on line ${lineOf.get(taken) ?? entry.line} already`,
					"remove one of them; several cards of one node stand in one line: MAC, MAC = ADDRESS, HOSTNAME",
				);
			}
			for (const name of names) lineOf.set(name, entry.line);
			hosts.push(host);
		} catch (error) {
			if (!(error instanceof ValueProblem)) throw error;
			report("server-config.bad-value", error.message, `${error.hint}; a line looks like: ${example}`);
		}
	}
	return { hosts, problems };
}

function readHost(entry: FreeEntry): StaticHost {
	const [address = "", hostname, ...rest] = entry.value.split(",").map((part) => part.trim());
	if (rest.length > 0)
		throw new ValueProblem("more than an address and a host name", "write ADDRESS, HOSTNAME");
	const [first = "", ...more] = entry.key.split(",").map((part) => part.trim());
	return {
		macs: [parseMac(first), ...more.map(parseMac)],
		address: parseAddress(address),
		hostname: hostname === undefined ? undefined : parseHostname(hostname).toLowerCase(),
	};
}
