import { isIPv4 } from "node:net";

/** A value that a key does not take: what is wrong with it, and what it should be. */
export class ValueProblem extends Error {
	readonly hint: string;

	constructor(message: string, hint: string) {
		super(message);
		this.hint = hint;
	}
}

/** Every parser takes the text of a value and returns its meaning, or throws a ValueProblem. */
export type ValueParser<T> = (text: string) => T;

export function parsePort(text: string): number {
	const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
	if (port >= 1 && port <= 65535) return port;
	throw new ValueProblem("not a port number", "give a whole number from 1 to 65535");
}

/** Linux: at most 15 bytes, no `/`, no white space (net/core/dev.c, dev_valid_name). */
export function parseInterfaceName(text: string): string {
	if (/^[^\s/:,]{1,15}$/.test(text) && text !== "." && text !== "..") return text;
	throw new ValueProblem(
		"not the name of a network interface",
		"give a name that `ip link` shows, such as eth0",
	);
}

export function parseAddress(text: string): string {
	if (isIPv4(text)) return text;
	throw new ValueProblem("not an IPv4 address", "give four numbers from 0 to 255, such as 10.0.0.1");
}

export function parseAddressList(text: string): string[] {
	return text.split(",").map((part) => parseAddress(part.trim()));
}

export interface AddressRange {
	readonly first: string;
	readonly last: string;
}

export function parseRange(text: string): AddressRange {
	const [first = "", last = "", ...rest] = text.split(/\s*-\s*/);
	if (isIPv4(first) && isIPv4(last) && rest.length === 0 && addressNumber(first) <= addressNumber(last)) {
		return { first, last };
	}
	throw new ValueProblem(
		"not a range of addresses",
		"give the first and the last address, the smaller one first: 10.0.0.100 - 10.0.0.199",
	);
}

/** dnsmasq takes no lease below two minutes (dnsmasq(8), --dhcp-range). */
const minimumLeaseSeconds = 120;
const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** @returns The lease as dnsmasq writes it. */
export function parseLease(text: string): string {
	if (text === "infinite") return text;
	const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
	if (Number(count) * (secondsPerUnit[unit] ?? 0) >= minimumLeaseSeconds) return text;
	throw new ValueProblem(
		"not a lease time",
		"give a number with s, m, h or d, at least 2m, such as 12h; or infinite",
	);
}

/** RFC 1123, section 2.1. */
export function parseDomain(text: string): string {
	if (text.length <= 253 && text.split(".").every(isLabel)) return text;
	throw new ValueProblem("not a domain name", "give letters, digits, hyphens and dots, such as rack.example");
}

export function parseHostname(text: string): string {
	if (isLabel(text)) return text;
	throw new ValueProblem("not a host name", "give letters, digits and hyphens, no dot, such as node1");
}

function isLabel(text: string): boolean {
	return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text);
}

export function isMac(text: string): boolean {
	return /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text);
}

/** @returns Six pairs in lower case, with colons. */
export function parseMac(text: string): string {
	if (isMac(text)) return text.toLowerCase().replaceAll("-", ":");
	throw new ValueProblem(
		"not a MAC address",
		"give six pairs of hexadecimal digits, such as 52:54:00:00:00:01",
	);
}

/** What a folder in DIR/images may be called: it goes into URLs, export names and a kernel command line. */
const imageNamePattern = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

export function isImageName(text: string): boolean {
	return imageNamePattern.test(text);
}

export function parseImageName(text: string): string {
	if (isImageName(text)) return text;
	throw new ValueProblem(
		"not the name of an image",
		"give the name of a folder in DIR/images: A-Z a-z 0-9 . _ + ~ -, first a letter or digit",
	);
}

/** The line goes through iPXE's script reader, which expands ${…} and takes && and || as its own. */
export function parseKernelParameters(text: string): string {
	if (!/^[\x20-\x7e]*$/.test(text)) {
		throw new ValueProblem("has characters beyond printable ASCII", "a kernel command line is plain ASCII");
	}
	if (/\$\{|&&|\|\|/.test(text)) {
		throw new ValueProblem("has ${, && or ||, which the boot loader takes as its own", "leave these out");
	}
	if (text.length > 1024) throw new ValueProblem("is longer than 1024 characters", "the kernel cuts at 2048");
	return text;
}

export function parseFile(text: string): string {
	if (text.startsWith("/") && !/[\0\n]/.test(text)) return text;
	throw new ValueProblem("not an absolute path", "start with /: /etc/netherd/join-token");
}

export function parsePathList(text: string): string[] {
	const paths = text.split(",").map((part) => part.trim());
	if (paths.every((path) => path !== "")) return paths;
	throw new ValueProblem("not a list of files", "give one path, or several with commas between them");
}

export function parseYesNo(text: string): boolean {
	if (text === "yes" || text === "no") return text === "yes";
	throw new ValueProblem("neither yes nor no", "write yes or no");
}

export function parseChoice<const T extends string>(...choices: readonly T[]): ValueParser<T> {
	return (text) => {
		const choice = choices.find((one) => one === text);
		if (choice !== undefined) return choice;
		throw new ValueProblem("not one of the choices", `choose one of: ${choices.join(", ")}`);
	};
}

/** The address as a number, for comparison. */
export function addressNumber(address: string): number {
	return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
