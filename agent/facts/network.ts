import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandLine } from "../config/cmdline.ts";
import { dhcpAnswersFolder, networkInterfaces } from "../paths.ts";
import { parseDhcpAnswer } from "./dhcp-answer.ts";
import type { NetworkFacts } from "./facts.ts";

/**
 * What DHCP said to the interface that the machine booted from (`BOOTIF=`); without that, to the first that has an
 * answer. Without any answer: what the command line says.
 */
export function gatherNetwork(commandLine: CommandLine): NetworkFacts {
	const answers = globSync(join(dhcpAnswersFolder, "net-*.conf"))
		.sort()
		.map((path) => withMac(parseDhcpAnswer(readFileSync(path, "utf8"))));
	const booted = answers.find(({ mac }) => mac !== undefined && mac === commandLine.bootInterfaceMac);
	return (
		booted ??
		answers[0] ?? {
			nameServers: [],
			...(commandLine.bootInterfaceMac === undefined ? {} : { mac: commandLine.bootInterfaceMac }),
		}
	);
}

function withMac(answer: NetworkFacts): NetworkFacts {
	if (answer.device === undefined) return answer;
	try {
		const mac = readFileSync(join(networkInterfaces, answer.device, "address"), "utf8").trim();
		return { ...answer, mac };
	} catch {
		return answer;
	}
}
