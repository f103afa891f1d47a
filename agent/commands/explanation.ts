import type { CommandLine } from "../config/cmdline.ts";
import type { Configuration, ExplainedKey } from "../config/configuration.ts";
import { keys } from "../config/keys.ts";
import { compareNaturally } from "../config/natural-order.ts";
import { assumedInitFacts } from "../facts/assumed-facts.ts";
import type { Facts } from "../facts/facts.ts";
import { nodeName } from "../init/node-name.ts";
import { serverName } from "../init/server.ts";
import type { Inputs } from "../plan/inputs.ts";

/** A key of one node. */
export interface Explanation {
	readonly key: string;
	/** Absent: not set, or what it is shows only on the node. */
	readonly value?: string;
	/** The three are there for a line of lts.conf. */
	readonly file?: string;
	readonly line?: number;
	readonly section?: string;
	/**
	 * How the section was chosen; else where the value comes from: `command line`, `DHCP`, `default`, or in words what
	 * happens without a value.
	 */
	readonly via: string;
	readonly lost: ExplainedKey["lost"];
	/** Somebody asked for it: in lts.conf, on the command line or over DHCP. */
	readonly isSet: boolean;
	/** Facts of the node that the value refers to, and that nobody said. */
	readonly unknownFacts?: readonly string[];
}

export type ExplainedNode = Pick<Facts, "commandLine" | "configuration" | "network">;

/** Every key that is set, taken back, has a default, or does something without a value; in natural order. */
export function explainNode(
	node: ExplainedNode,
	{ configuration, commandLine }: { configuration: Configuration; commandLine: CommandLine },
): Explanation[] {
	const explained = configuration.explainAll().map(explain);
	const withValue = new Set(explained.filter(({ value }) => value?.trim()).map(({ key }) => key));
	const derived = deriveValues(node, { configuration, commandLine }).filter(({ key }) => !withValue.has(key));
	const byKey = new Map(explained.map((each) => [each.key, each]));
	for (const each of derived) {
		const lost = byKey.get(each.key)?.lost ?? [];
		byKey.set(each.key, { ...each, lost, isSet: each.isSet || lost.length > 0 });
	}
	return [...byKey.values()].sort((a, b) => compareNaturally(a.key, b.key));
}

function explain({ key, value, origin, lost }: ExplainedKey): Explanation {
	const { file, line, section } = origin;
	return {
		key,
		...(value === undefined ? {} : { value }),
		...(file === undefined ? {} : { file }),
		...(line === undefined ? {} : { line }),
		...(section === undefined ? {} : { section }),
		via: origin.via ?? origin.kind,
		lost,
		isSet: origin.kind !== "default" || lost.length > 0,
	};
}

/** Keys that nothing in lts.conf sets, and that have a value, or a meaning, all the same. */
function deriveValues(
	node: ExplainedNode,
	{ configuration, commandLine }: { configuration: Configuration; commandLine: CommandLine },
): Omit<Explanation, "lost">[] {
	const { network } = node;
	const inputs: Inputs<ReturnType<typeof assumedInitFacts>> = {
		facts: { ...assumedInitFacts(node), network },
		configuration,
		commandLine,
	};
	const isIdentified = network.hostname ?? network.ip ?? network.mac;
	const { name } = nodeName(inputs);
	const { image, panicSeconds } = commandLine;
	const known: Readonly<Record<string, { value: string | undefined; via: string }>> = {
		HOSTNAME:
			name === network.hostname
				? { value: name, via: "DHCP" }
				: {
						value: isIdentified === undefined ? undefined : name,
						via: "HOSTNAME_BASE and HOSTNAME_EXTRA",
					},
		SERVER: { value: serverName(inputs), via: "command line" },
		IMAGE: { value: image && `${image.name}/${image.version}`, via: "command line" },
		ON_FAILURE_DELAY: {
			value: panicSeconds === undefined ? undefined : `${panicSeconds}s`,
			via: "command line",
		},
	};
	return keys.flatMap(({ name: key, otherwise }): Omit<Explanation, "lost">[] => {
		if (otherwise === undefined) return [];
		const { value, via } = known[key] ?? {};
		if (value === undefined) return [{ key, via: otherwise, isSet: false }];
		return [{ key, value, via: via ?? otherwise, isSet: via === "DHCP" || via === "command line" }];
	});
}
