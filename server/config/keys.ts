import {
	parseAddress,
	parseAddressList,
	parseChoice,
	parseDomain,
	parseFile,
	parseImageName,
	parseInterfaceName,
	parseKernelParameters,
	parseLease,
	parsePathList,
	parsePort,
	parseRange,
	parseYesNo,
	type ValueParser,
} from "./values.ts";

/** One key of the companion's configuration. Help, `check` and the documentation are made from these. */
export interface ConfigKey<T> {
	readonly parse: ValueParser<T>;
	/** What the file would say; absent, the key has no value unless given. */
	readonly defaultText?: string;
	readonly isRequired?: true;
	/** One line: what it is for. */
	readonly help: string;
	/** A value as it could stand in a file. */
	readonly example: string;
}

/** Every key, as `section.key`. Some sections are free: their keys are names of nodes (freeSections). */
export const configKeys = {
	"network.interface": required(parseInterfaceName, {
		help: "The network card on the nodes' network",
		example: "eth0",
	}),
	"network.address": optional(parseAddress, {
		help: "This server's IPv4 address there; not needed when the interface has only one",
		example: "10.0.0.1",
	}),
	"http.port": withDefault(parsePort, "80", {
		help: "TCP port of boot script, kernel, initramfs, lts.conf and images",
		example: "8080",
	}),
	"nbd.port": withDefault(parsePort, "10809", {
		help: "TCP port of the root images (NBD)",
		example: "10809",
	}),
	"nbd.serve": withDefault(parseYesNo, "yes", {
		help: "Serve root images over NBD; no: nodes get them over HTTP, and those with the whole root in the initramfs need none",
		example: "no",
	}),
	"dhcp.mode": withDefault(parseChoice("server", "proxy", "off"), "server", {
		help: "server: hand out addresses; proxy: another DHCP server does that, add the boot file; off: TFTP only",
		example: "proxy",
	}),
	"dhcp.range": optional(parseRange, {
		help: "mode server: the addresses to hand out, on the interface's network (required there)",
		example: "10.0.0.100 - 10.0.0.199",
	}),
	"dhcp.lease": withDefault(parseLease, "12h", {
		help: "mode server: how long an address is lent",
		example: "12h",
	}),
	"dhcp.router": optional(parseAddress, {
		help: "mode server: the nodes' default router; none when not given",
		example: "10.0.0.254",
	}),
	"dhcp.dns": optional(parseAddressList, {
		help: "mode server: the nodes' DNS servers, with commas; none when not given",
		example: "10.0.0.254, 10.0.0.253",
	}),
	"dhcp.domain": optional(parseDomain, {
		help: "mode server: the nodes' DNS domain",
		example: "rack.example",
	}),
	"dhcp.router-advertisements": optional(parseYesNo, {
		help: "Answer IPv6 router solicitations where the interface has a private IPv6 address (fc00::/7), so that iPXE does not wait for an answer; yes in mode server, else no",
		example: "yes",
	}),
	"loader.bios": withDefault(parseChoice("ipxe", "grub"), "ipxe", {
		help: "Boot loader of BIOS machines: iPXE (undionly.kpxe) or GRUB (core.0)",
		example: "grub",
	}),
	"loader.uefi": withDefault(parseChoice("ipxe", "grub"), "ipxe", {
		help: "Boot loader of UEFI machines: iPXE (snponly.efi), or Debian's shim and signed GRUB (shimx64.efi), which Secure Boot accepts",
		example: "grub",
	}),
	"image.default": optional(parseImageName, {
		help: "The image that nodes boot; not needed when DIR/images has only one",
		example: "node",
	}),
	"signing.key": optional(parsePathList, {
		help: "Private key that signs lts.conf as it is served; several with commas, while keys are changed; a path that does not begin with / starts at the configuration's folder",
		example: "/etc/netherd/signing-key.pem",
	}),
	"kernel.parameters": withDefault(parseKernelParameters, "", {
		help: "Appended to the kernel command line of every node",
		example: "console=tty0 console=ttyS0,115200",
	}),
	"kubernetes.token-file": optional(parseFile, {
		help: "File with the bootstrap token that nodes with KUBEADM_JOIN_TOKEN = server get; only addresses of the nodes' network are given it",
		example: "/etc/netherd/join-token",
	}),
	"log.format": withDefault(parseChoice("text", "json"), "text", {
		help: "One line per event: a sentence, or a JSON object",
		example: "json",
	}),
	"log.level": withDefault(parseChoice("info", "debug"), "info", {
		help: "debug: also everything that dnsmasq and nbdkit say",
		example: "debug",
	}),
} as const;

export type KeyName = keyof typeof configKeys;

type MeaningOf<K> = K extends RequiredKey<infer T> ? T : K extends ConfigKey<infer T> ? T | undefined : never;

/** The meaning of every key; undefined for one that was not given and has no default. */
export type KeyValues = { readonly [Name in KeyName]: MeaningOf<(typeof configKeys)[Name]> };

/** Sections whose keys are not in the table: what a line of each looks like. */
export const freeSections = {
	hosts: {
		section: "hosts",
		key: "MAC addresses",
		help: "A node: its network cards, with commas; its fixed address; after a comma its name, if it has one. mode server: it gets that address, and its first answer 3 s sooner. Other modes: a name for [groups] and [pins], and what `companion dhcp-config` prints",
		example: "52:54:00:00:00:01, 52:54:00:00:00:02 = 10.0.0.11, node1",
	},
	groups: {
		section: "groups",
		key: "group",
		help: "Nodes that [pins] can name together: MAC addresses, names of [hosts], patterns with * over both",
		example: "canary = node1, 52:54:00:00:00:07, storage*",
	},
	pins: {
		section: "pins",
		key: "node or group",
		help: "The image that a node boots (MAC address, name of [hosts]), or a group, instead of the default: NAME for its current version, NAME/VERSION for that one. A MAC address goes before a name, a name before a group, a group before one further down",
		example: "canary = node/20260102T030405Z-01234567",
	},
} as const;

export type FreeSectionName = keyof typeof freeSections;

export const sectionNames: readonly string[] = [
	...new Set(Object.keys(configKeys).map((name) => sectionOf(name))),
	...Object.keys(freeSections),
];

export function isFreeSection(name: string): name is FreeSectionName {
	return Object.hasOwn(freeSections, name);
}

export function isKeyName(name: string): name is KeyName {
	return Object.hasOwn(configKeys, name);
}

export function sectionOf(name: string): string {
	return name.slice(0, name.indexOf("."));
}

export function keyOf(name: string): string {
	return name.slice(name.indexOf(".") + 1);
}

interface Texts {
	readonly help: string;
	readonly example: string;
}

/** A key that always has a value when reading succeeds. */
interface RequiredKey<T> extends ConfigKey<T> {
	readonly alwaysHasValue: true;
}

function required<T>(parse: ValueParser<T>, texts: Texts): RequiredKey<T> {
	return { parse, isRequired: true, alwaysHasValue: true, ...texts };
}

function optional<T>(parse: ValueParser<T>, texts: Texts): ConfigKey<T> {
	return { parse, ...texts };
}

function withDefault<T>(parse: ValueParser<T>, defaultText: string, texts: Texts): RequiredKey<T> {
	return { parse, defaultText, alwaysHasValue: true, ...texts };
}
