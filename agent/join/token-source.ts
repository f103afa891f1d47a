import { NetherdError } from "../errors.ts";
import type { Facts } from "../facts/facts.ts";
import type { JoinTokenSource } from "../plan/action.ts";
import type { Inputs } from "../plan/inputs.ts";

/**
 * Where lts.conf says that the token is.
 *
 * @throws {NetherdError} `join.no-server` when that is the companion, and the node knows of none.
 */
export function tokenSource({
	configuration,
	commandLine,
}: Pick<Inputs<Facts>, "configuration" | "commandLine">): JoinTokenSource {
	const path = configuration.text("KUBEADM_JOIN_TOKEN_FILE")?.trim();
	if (path !== undefined) return { from: "file", path };
	if (configuration.text("KUBEADM_JOIN_TOKEN")?.trim() !== "server") return { from: "configuration" };
	if (commandLine.server !== undefined) return { from: "server", url: `${commandLine.server}/token` };
	throw new NetherdError(
		"join.no-server",
		`the token is to come from the companion server (KUBEADM_JOIN_TOKEN, ${configuration.whence("KUBEADM_JOIN_TOKEN")}), and the kernel command line names none`,
		{
			hint: "boot the node from the companion, or add netherd.server=http://ADDRESS:PORT; else write the token itself",
		},
	);
}
