import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";
import { qualifiedName } from "./node-name.ts";
import { serverAddress } from "./server.ts";

export const hosts: Step<Inputs<InitFacts>> = {
	name: "15-hosts",
	summary: "writes /etc/hosts: the node itself, the server, the lines of lts.conf",
	keys: ["SERVER", "HOSTS_*", "HOSTNAME", "HOSTNAME_BASE", "HOSTNAME_EXTRA", "SEARCH_DOMAIN"],
	plan: (inputs) => {
		const { host, fqdn } = qualifiedName(inputs);
		const server = serverAddress(inputs);
		const given = inputs.configuration.family("HOSTS_");
		const lines = [
			"127.0.0.1 localhost",
			// Its own line: PREINIT commands of LTSP 5 farms take exactly this one away.
			`127.0.0.2 ${fqdn === undefined ? host : `${fqdn} ${host}`}`,
			"::1 localhost ip6-localhost ip6-loopback",
			"ff02::1 ip6-allnodes",
			"ff02::2 ip6-allrouters",
			...(server === undefined ? [] : [`${server} server`]),
			...given.map(({ value }) => value),
		];
		return [
			{
				kind: "writeFile",
				path: "/etc/hosts",
				content: `${lines.join("\n")}\n`,
				because: given.length === 0 ? undefined : becauseOf(...given),
			},
		];
	},
};
