import { isIpv4, isIpv6 } from "../config/values.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { searchDomains } from "./node-name.ts";

const path = "/etc/resolv.conf";

export const dns: Step<Inputs<InitFacts>> = {
	name: "20-dns",
	summary: "writes /etc/resolv.conf from lts.conf, else from DHCP",
	keys: ["DNS_SERVER", "SEARCH_DOMAIN"],
	plan: (inputs) => {
		const { configuration } = inputs;
		const servers = nameServers(inputs);
		const domains = searchDomains(inputs);
		if (servers.length === 0 && domains.length === 0) return [];
		const lines = [
			...(domains.length === 0 ? [] : [`search ${domains.join(" ")}`]),
			...servers.map((server) => `nameserver ${server}`),
		];
		const reasons = ["DNS_SERVER", "SEARCH_DOMAIN"]
			.filter((key) => configuration.list(key).length > 0)
			.map((key) => because(configuration, key));
		const reason = reasons.length === 0 ? "DHCP" : reasons.join(", ");
		return [
			// In many images it is a link to a file of a resolver that is not running yet, or not there.
			{ kind: "removeFile", path, because: reason },
			{ kind: "writeFile", path, content: `${lines.join("\n")}\n`, because: reason },
		];
	},
};

function nameServers({ configuration, facts }: Inputs<InitFacts>): readonly string[] {
	const given = configuration.list("DNS_SERVER");
	return given.length > 0
		? given
		: facts.network.nameServers.filter((address) => isIpv4(address) || isIpv6(address));
}
