import { hostsHelp, hostsSection } from "./keys.ts";
import type { ConfigProblem } from "./problems.ts";
import { parseAddress, parseHostname, parseMac, ValueProblem } from "./values.ts";

/** A node with a fixed address. */
export interface StaticHost {
	/** Lower case, with colons. */
	readonly mac: string;
	readonly address: string;
	readonly hostname: string | undefined;
}

export interface HostEntry {
	readonly line: number;
	readonly mac: string;
	/** `ADDRESS` or `ADDRESS, HOSTNAME`. */
	readonly value: string;
}

/** Reads the section [hosts]; no MAC address, address or host name may occur twice. */
export function readHosts(entries: readonly HostEntry[]): { hosts: StaticHost[]; problems: ConfigProblem[] } {
	const hosts: StaticHost[] = [];
	const problems: ConfigProblem[] = [];
	const lineOf = new Map<string, number>();
	for (const entry of entries) {
		const report = (code: ConfigProblem["code"], what: string, hint: string) => {
			const message = `[${hostsSection}] ${entry.mac} = ${entry.value}: ${what}`;
			problems.push({ code, line: entry.line, message, hint });
		};
		try {
			const host = readHost(entry);
			const names = [host.mac, host.address, ...(host.hostname === undefined ? [] : [host.hostname])];
			const taken = names.find((name) => lineOf.has(name));
			if (taken !== undefined) {
				report(
					"server-config.duplicate",
					`${taken} is on line ${lineOf.get(taken)} already`,
					"remove one of them",
				);
			}
			for (const name of names) lineOf.set(name, entry.line);
			hosts.push(host);
		} catch (error) {
			if (!(error instanceof ValueProblem)) throw error;
			report(
				"server-config.bad-value",
				error.message,
				`${error.hint}; a line looks like: ${hostsHelp.example}`,
			);
		}
	}
	return { hosts, problems };
}

function readHost(entry: HostEntry): StaticHost {
	const [address = "", hostname, ...rest] = entry.value.split(",").map((part) => part.trim());
	if (rest.length > 0)
		throw new ValueProblem("more than an address and a host name", "write ADDRESS, HOSTNAME");
	return {
		mac: parseMac(entry.mac),
		address: parseAddress(address),
		hostname: hostname === undefined ? undefined : parseHostname(hostname).toLowerCase(),
	};
}
