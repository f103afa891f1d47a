import { asciiLowerCase, isGlob } from "../../config/glob.ts";
import type { ParsedFile } from "../../config/lts-conf.ts";
import { identitiesOf, indexSections, likesOf } from "../../config/select.ts";
import type { NetworkFacts } from "../../facts/facts.ts";
import type { NodeIdentity } from "../node-identity.ts";

/** A node to compare. */
export interface ComparedNode {
	/** The name of its section as written; `default` for the node that no section names. */
	readonly name: string;
	/** What sections are chosen by: no more than is known. */
	readonly network: NetworkFacts;
}

/** Sections of either file that stand for several nodes, as written. */
export interface NodeList {
	readonly nodes: readonly ComparedNode[];
	readonly groups: readonly string[];
}

/**
 * Every node that one of the files names: the sections named like a MAC address, an IPv4 address or a host name, and a node
 * that no section names. A name that LIKE lines use is a group, unless it is an address; a pattern is one, too.
 */
export function listNodes(files: readonly ParsedFile[]): NodeList {
	const nodes = new Map<string, ComparedNode>();
	const groups = new Map<string, string>();
	for (const file of files) {
		const { byName } = indexSections(file);
		const likes = new Set([...byName.values()].flatMap(likesOf).map(({ raw }) => asciiLowerCase(raw)));
		for (const { name, nameAsWritten } of byName.values()) {
			if (name === "default") continue;
			const { hostname, ip, mac } = identitiesOf(nameAsWritten);
			if (isGlob(name) || (hostname !== undefined && likes.has(name))) {
				groups.set(name, nameAsWritten);
				continue;
			}
			nodes.set(name, {
				name: nameAsWritten,
				network: {
					...(hostname === undefined ? {} : { hostname }),
					...(ip === undefined ? {} : { ip }),
					...(mac === undefined ? {} : { mac: mac.toLowerCase() }),
					nameServers: [],
				},
			});
		}
	}
	return {
		nodes: [...nodes.values(), { name: "default", network: { nameServers: [] } }],
		groups: [...groups].filter(([name]) => !nodes.has(name)).map(([, written]) => written),
	};
}

/** The one node that a person described. */
export function describedNode({ network }: NodeIdentity): ComparedNode {
	return { name: network.hostname ?? network.ip ?? network.mac ?? "default", network };
}
