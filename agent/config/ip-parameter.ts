import { isHostName, isIpv4, isIpv6 } from "./values.ts";

/** The `ip=` parameter of the kernel (Documentation/admin-guide/nfs/nfsroot.rst), as klibc's ipconfig reads it, too. */
export interface IpParameter {
	/** `dhcp`, `bootp`, `rarp`, `any` (all of them): ask; `off`: use what is given here. */
	readonly method: "dhcp" | "bootp" | "rarp" | "any" | "off";
	readonly address?: string;
	readonly server?: string;
	readonly gateway?: string;
	readonly netmask?: string;
	readonly hostname?: string;
	readonly device?: string;
	readonly nameServers: readonly string[];
}

const methods: Readonly<Record<string, IpParameter["method"]>> = {
	"": "any",
	on: "any",
	any: "any",
	both: "any",
	dhcp: "dhcp",
	bootp: "bootp",
	rarp: "rarp",
	off: "off",
	none: "off",
	static: "off",
};

/** Reads `METHOD`, or `ADDRESS:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:METHOD:DNS0:DNS1:NTP0`, where parts may be empty. */
export function parseIpParameter(value: string): IpParameter | { readonly problem: string } {
	if (!value.includes(":")) {
		const method = methods[value.toLowerCase()];
		if (method !== undefined) return { method, nameServers: [] };
		return isIpv4(value) ? { method: "off", address: value, nameServers: [] } : unknownMethod(value);
	}
	const fields = splitFields(value);
	const [address, server, gateway, netmask, hostname, device, autoconf = "", ...servers] = fields;
	const named = { address, server, gateway, netmask };
	for (const [name, field] of Object.entries(named)) {
		if (field && !isIpv4(field) && !isIpv6(field))
			return { problem: `the ${name}, ${field}, is not an IP address` };
	}
	if (hostname && !isHostName(hostname)) return { problem: `${hostname} is not a host name` };
	const given = methods[autoconf.toLowerCase()];
	if (given === undefined) return unknownMethod(autoconf);
	return {
		// An address and no word for the method: the address is meant.
		method: autoconf === "" && address ? "off" : given,
		...onlyGiven({ ...named, hostname, device }),
		nameServers: servers.slice(0, 2).filter((each) => isIpv4(each) || isIpv6(each)),
	};
}

/** Colons separate, except within the brackets of an IPv6 address. */
function splitFields(value: string): string[] {
	return value.split(/:(?![^[\]]*\])/).map((field) => field.replace(/^\[(.*)\]$/, "$1"));
}

function unknownMethod(word: string): { problem: string } {
	return { problem: `${word} is none of dhcp, bootp, rarp, any, off, static` };
}

function onlyGiven<Names extends string>(fields: Readonly<Record<Names, string | undefined>>) {
	return Object.fromEntries(Object.entries(fields).filter(([, field]) => field)) as Partial<
		Record<Names, string>
	>;
}
