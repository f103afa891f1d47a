import type { NetworkFacts } from "./facts.ts";

/** Values that stand for "none" in the answers of klibc's ipconfig. */
const nothing = new Set(["", "0.0.0.0"]);

/**
 * Reads the form in which initramfs-tools keeps a DHCP answer (`/run/net-DEVICE.conf`, written by ipconfig(8) of klibc):
 * one `NAME='value'` a line, shell quoting, nothing executed.
 */
export function parseDhcpAnswer(text: string): NetworkFacts {
	const values = new Map<string, string>();
	for (const line of text.split("\n")) {
		const match = /^([A-Za-z0-9_]+)=(.*)$/.exec(line.trim());
		if (match?.[1] === undefined || match[2] === undefined) continue;
		const value = unquote(match[2]);
		if (!nothing.has(value)) values.set(match[1], value);
	}
	const optional = {
		device: values.get("DEVICE"),
		ip: values.get("IPV4ADDR"),
		netmask: values.get("IPV4NETMASK"),
		gateway: values.get("IPV4GATEWAY"),
		hostname: values.get("HOSTNAME"),
		domain: values.get("DNSDOMAIN"),
		nextServer: values.get("ROOTSERVER"),
		rootPath: values.get("ROOTPATH"),
		bootFile: values.get("filename"),
	};
	const nameServers = [values.get("IPV4DNS0"), values.get("IPV4DNS1")].filter((value) => value !== undefined);
	return { ...withoutUndefined(optional), nameServers };
}

function unquote(value: string): string {
	const single = /^'(.*)'$/.exec(value);
	if (single?.[1] !== undefined) return single[1].replaceAll("'\\''", "'");
	const double = /^"(.*)"$/.exec(value);
	return double?.[1] !== undefined ? double[1].replace(/\\(["\\$`])/g, "$1") : value;
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
	return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
