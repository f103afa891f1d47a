import { type Finding, visible } from "./findings.ts";
import { type IpParameter, parseIpParameter } from "./ip-parameter.ts";
import { type NbdRoot, parseNbdRoot } from "./nbdroot.ts";
import { isIpv4, isIpv6 } from "./values.ts";

/** The kernel command line, as far as netherd reads it. */
export interface CommandLine {
	/** All parameters in order; a word without `=` has no value. */
	readonly parameters: readonly Parameter[];
	/** `root=`. */
	readonly root?: string;
	/** `boot=`, `netherd` when the boot script asks for us. */
	readonly boot?: string;
	readonly nbdRoot?: NbdRoot;
	/** MAC address of the boot interface from `BOOTIF=`, colon form, lower case. */
	readonly bootInterfaceMac?: string;
	readonly ip?: IpParameter;
	/** `panic=`: reboot that many seconds after a failure; negative: at once, 0: never (kernel-parameters.txt). */
	readonly panicSeconds?: number;
	/** `BOOT_IMAGE=`, the path of the kernel as the boot loader knows it. */
	readonly bootImage?: string;
	/** `netherd.server=`, base URL of the companion without a final slash. */
	readonly server?: string;
	/** `netherd.image=NAME/VERSION`. */
	readonly image?: { readonly name: string; readonly version: string };
	/** `netherd.verify=none`: what comes from a server needs no signature. */
	readonly verify?: "none" | "required";
	/** Keys of lts.conf from `ltsp.foo_bar=x`: `FOO_BAR` → `x`. */
	readonly keys: ReadonlyMap<string, string>;
	readonly findings: readonly Finding[];
}

export interface Parameter {
	readonly name: string;
	readonly value?: string;
	/** From 1. */
	readonly column: number;
}

/** The name of the command line in findings. */
export const commandLineFile = "command line";

/**
 * Reads a kernel command line: words separated by blanks, double quotes protect blanks and are removed around a word or
 * a value (lib/cmdline.c, next_arg). Of a parameter that is given twice the last one counts. Never throws.
 */
export function parseCommandLine(text: string): CommandLine {
	const parameters = splitCommandLine(text);
	const findings: Finding[] = [];
	const keys = new Map<string, string>();
	const known: { -readonly [Name in keyof CommandLine]?: CommandLine[Name] } = {};
	for (const parameter of parameters) {
		const report = (severity: Finding["severity"], code: string, message: string, hint: string) => {
			findings.push(commandLineFinding(parameter, severity, code, message, hint));
		};
		if (parameter.name.startsWith("ltsp.")) readKey(parameter, keys, report);
		else if (parameter.name === "netherd.verify") readVerify(parameter, known, report);
		else readParameter(parameter, known, report);
	}
	return { ...known, parameters, keys, findings };
}

type Report = (severity: Finding["severity"], code: string, message: string, hint: string) => void;

function splitCommandLine(text: string): Parameter[] {
	return [...text.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)].map((word) => {
		const isQuoted = word[0].startsWith('"');
		const body = isQuoted ? word[0].slice(1) : word[0];
		const equals = body.indexOf("=");
		const column = word.index + 1;
		if (equals <= 0) return { name: isQuoted ? withoutLastQuote(body) : body, column };
		const value = body.slice(equals + 1);
		const name = body.slice(0, equals);
		if (value.startsWith('"')) return { name, value: withoutLastQuote(value.slice(1)), column };
		return { name, value: isQuoted ? withoutLastQuote(value) : value, column };
	});
}

function withoutLastQuote(text: string): string {
	return text.endsWith('"') ? text.slice(0, -1) : text;
}

function readKey(parameter: Parameter, keys: Map<string, string>, report: Report): void {
	const name = parameter.name.slice("ltsp.".length);
	if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || parameter.value === undefined) {
		const hint = "Write ltsp.key=value, with letters, digits and _ in the key.";
		report("warning", "bad-key", `${visible(parameter.name)} sets no key of lts.conf`, hint);
		return;
	}
	keys.set(name.toUpperCase(), parameter.value);
}

/** Nothing but `none` turns verification off. */
function readVerify(
	{ value }: Parameter,
	known: { -readonly [Name in keyof CommandLine]?: CommandLine[Name] },
	report: Report,
): void {
	delete known.verify;
	if (value === "none" || value === "required") known.verify = value;
	else {
		const hint = "Write netherd.verify=none to use lts.conf and image without a signature.";
		const written = value === undefined ? "netherd.verify" : `netherd.verify=${visible(value)}`;
		report(
			"warning",
			"bad-verify",
			`${written} says neither none nor required: signatures are required`,
			hint,
		);
	}
}

function readParameter(
	{ name, value }: Parameter,
	known: { -readonly [Name in keyof CommandLine]?: CommandLine[Name] },
	report: Report,
): void {
	if (value === undefined) return;
	switch (name) {
		case "root":
			known.root = value;
			break;
		case "boot":
			known.boot = value;
			break;
		case "ip": {
			const ip = parseIpParameter(value);
			if ("problem" in ip) {
				const hint = "Write ip=dhcp, or ip=ADDRESS:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:off.";
				report("warning", "bad-ip", `ip=${visible(value)}: ${ip.problem}`, hint);
			} else known.ip = ip;
			break;
		}
		case "BOOT_IMAGE":
			known.bootImage = value;
			break;
		case "nbdroot": {
			const nbdRoot = parseNbdRoot(value);
			if ("problem" in nbdRoot) {
				const hint = "Write nbdroot=HOST:PORT/NAME, HOST:/NAME, HOST,NAME,DEV, [IPV6]:PORT/NAME or dhcp.";
				report("error", "bad-nbdroot", `nbdroot=${visible(value)}: ${nbdRoot.problem}`, hint);
			} else known.nbdRoot = nbdRoot;
			break;
		}
		case "BOOTIF": {
			const mac = readMac(value);
			if (mac === undefined) {
				const hint = "Write BOOTIF=01-52-54-00-00-00-01; the leading 01- may be left out.";
				report("error", "bad-bootif", `BOOTIF=${visible(value)} is not a MAC address`, hint);
			} else known.bootInterfaceMac = mac;
			break;
		}
		case "panic": {
			if (/^-?\d{1,9}$/.test(value)) known.panicSeconds = Number(value);
			else {
				const hint = "Write panic=10, a number of seconds.";
				report("warning", "bad-panic", `panic=${visible(value)} is not a number`, hint);
			}
			break;
		}
		case "netherd.server": {
			const server = readServerUrl(value);
			if (server === undefined) {
				const hint = "Write netherd.server=http://ADDRESS:PORT.";
				report("error", "bad-server", `netherd.server=${visible(value)} is not an HTTP URL`, hint);
			} else known.server = server;
			break;
		}
		case "netherd.image": {
			const image = /^([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.+~-]*)$/.exec(value);
			if (image?.[1] === undefined || image[2] === undefined) {
				const hint = "Write netherd.image=NAME/VERSION.";
				report("error", "bad-image", `netherd.image=${visible(value)} is not NAME/VERSION`, hint);
			} else known.image = { name: image[1], version: image[2] };
			break;
		}
	}
}

/** Six bytes with dashes or colons, with or without the hardware type 01 of PXELINUX before them. */
function readMac(value: string): string | undefined {
	const bytes = value.toLowerCase().split(/[-:]/);
	const mac = bytes.length === 7 ? bytes.slice(1) : bytes;
	return mac.length === 6 && bytes.every((byte) => /^[0-9a-f]{2}$/.test(byte)) ? mac.join(":") : undefined;
}

/** `http://HOST[:PORT][/PATH]` without slashes at its end; undefined for anything else. */
function readServerUrl(value: string): string | undefined {
	const base = value.replace(/\/+$/, "");
	const url = /^https?:\/\/(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?(?:\/[^\s?#]*)?$/i.exec(base);
	if (url === null) return undefined;
	const [, ipv6, host = "", port] = url;
	if (ipv6 !== undefined && !isIpv6(ipv6)) return undefined;
	if (/^[\d.]+$/.test(host) && !isIpv4(host)) return undefined;
	return port === undefined || (Number(port) > 0 && Number(port) < 65536) ? base : undefined;
}

function commandLineFinding(
	parameter: Parameter,
	severity: Finding["severity"],
	code: string,
	message: string,
	hint: string,
): Finding {
	const length = parameter.name.length + (parameter.value === undefined ? 0 : parameter.value.length + 1);
	return {
		severity,
		code: `cmdline.${code}`,
		file: commandLineFile,
		line: 1,
		column: parameter.column,
		endColumn: parameter.column + length,
		message,
		hint,
	};
}
