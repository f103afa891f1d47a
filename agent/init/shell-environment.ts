import { holdsSecret } from "../config/secret-marker.ts";
import type { InitFacts } from "../facts/facts.ts";
import { shellFacts } from "../facts/resolve-facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import { nodeName } from "./node-name.ts";
import { rootExport, serverName } from "./server.ts";

/** An operator's lines may take as long as a slow download; a boot that hangs for ever helps nobody. */
export const shellTimeoutMs = 10 * 60_000;

/**
 * What INIT_COMMAND_* and PREINIT_* lines find in their environment, by the names of LTSP 5: the answer of DHCP, the
 * server, the NBD export, and every key of lts.conf over them. Values that hold a secret are left out: an environment
 * can be read by others, and is in the plan; the lines themselves may hold secrets.
 */
export function shellEnvironment(inputs: Inputs<InitFacts>): Readonly<Record<string, string>> {
	const root = rootExport(inputs);
	const settings = inputs.configuration
		.entries()
		.filter(({ key, value }) => !decidesWhatRuns.test(key) && !holdsSecret(value))
		.map(({ key, value }) => [key, value] as const);
	return {
		...shellFacts(inputs.facts.network, serverName(inputs), inputs.commandLine),
		...(root === undefined
			? {}
			: {
					NBD_ROOT_HOST: root.host,
					NBD_ROOT_PORT: String(root.port),
					NBD_ROOT_NAME: root.exportName,
				}),
		...Object.fromEntries(settings),
		HOSTNAME: nodeName(inputs).name,
	};
}

/** Variables that shell, loader or C library act on: a key of that name would change the agent's own start of the shell. */
const decidesWhatRuns = /^(?:PATH|HOME|IFS|ENV|BASH_ENV|LD_.*|LC_ALL)$/;
