import type { FreeEntry, StaticHost } from "./hosts.ts";
import { freeSections } from "./keys.ts";
import { nearestName } from "./nearest-name.ts";
import type { ConfigProblem } from "./problems.ts";
import { isImageName, isMac, parseHostname, parseMac, ValueProblem } from "./values.ts";

/** Nodes that are meant together. */
export interface Group {
	readonly name: string;
	/** MAC addresses, host names of [hosts], and patterns with `*` over both; lower case. */
	readonly members: readonly string[];
}

/** Which image a node or a group boots instead of the default one. */
export interface Pin {
	/** MAC address, host name or group, as far as it is known what it is; lower case. */
	readonly node: string;
	readonly kind: "mac" | "host" | "group";
	readonly image: string;
	/** Undefined: the version that is current. */
	readonly version: string | undefined;
}

/** Reads [groups] and [pins]; every name in them must be that of a host or a group. */
export function readPins(
	hosts: readonly StaticHost[],
	groupEntries: readonly FreeEntry[],
	pinEntries: readonly FreeEntry[],
): { groups: Group[]; pins: Pin[]; problems: ConfigProblem[] } {
	const problems: ConfigProblem[] = [];
	const hostnames = hosts.flatMap(({ hostname }) => hostname ?? []);
	const groups = groupEntries.flatMap((entry) =>
		orProblem(problems, freeSections.groups, entry, () => readGroup(entry, hostnames)),
	);
	const groupNames = groups.map(({ name }) => name);
	const pins = pinEntries.flatMap((entry) =>
		orProblem(problems, freeSections.pins, entry, () => readPin(entry, hostnames, groupNames)),
	);
	for (const [index, { node }] of pins.entries()) {
		if (pins.findIndex((pin) => pin.node === node) === index) continue;
		const message = `[${freeSections.pins.section}] ${node} has two pins`;
		problems.push({ code: "server-config.duplicate", message, hint: "remove one of them" });
	}
	return { groups, pins, problems };
}

function orProblem<T>(
	problems: ConfigProblem[],
	{ section, example }: { readonly section: string; readonly example: string },
	{ line, key, value }: FreeEntry,
	read: () => T,
): T[] {
	try {
		return [read()];
	} catch (error) {
		if (!(error instanceof ValueProblem)) throw error;
		const message = `[${section}] ${key} = ${value}: ${error.message}`;
		const hint = `${error.hint}; a line looks like: ${example}`;
		problems.push({ code: "server-config.bad-value", line, message, hint });
		return [];
	}
}

function readGroup({ key, value }: FreeEntry, hostnames: readonly string[]): Group {
	const name = parseHostname(key).toLowerCase();
	if (hostnames.includes(name)) {
		throw new ValueProblem(`${name} is the name of a node in [hosts]`, "give the group another name");
	}
	const members = value
		.split(",")
		.map((part) => part.trim().toLowerCase())
		.map((member) => {
			if (isMac(member)) return parseMac(member);
			if (/^[a-z0-9:-]*\*[a-z0-9:*-]*$/.test(member) || hostnames.includes(member)) return member;
			throw unknownNode(member, "neither a MAC address nor a pattern nor a name in [hosts]", hostnames);
		});
	return { name, members };
}

function readPin(
	{ key, value }: FreeEntry,
	hostnames: readonly string[],
	groupNames: readonly string[],
): Pin {
	const [image = "", version, ...rest] = value.split("/");
	const isRelease = isImageName(image) && (version === undefined || isImageName(version));
	if (!isRelease || version === "current" || rest.length > 0) {
		throw new ValueProblem(
			"neither an image nor a version of one",
			"give NAME for its current version, or NAME/VERSION, as the folders in DIR/images are called",
		);
	}
	if (isMac(key)) return { node: parseMac(key), kind: "mac", image, version };
	const node = key.toLowerCase();
	if (hostnames.includes(node)) return { node, kind: "host", image, version };
	if (groupNames.includes(node)) return { node, kind: "group", image, version };
	throw unknownNode(key, "neither a MAC address nor a name in [hosts] or [groups]", [
		...hostnames,
		...groupNames,
	]);
}

function unknownNode(name: string, what: string, known: readonly string[]): ValueProblem {
	const nearest = nearestName(name, known);
	const list = known.length === 0 ? "there are no names yet" : `names are: ${known.join(", ")}`;
	return new ValueProblem(`${name} is ${what}`, nearest === undefined ? list : `did you mean ${nearest}?`);
}
