import type { Configuration } from "../config/configuration.ts";
import { NetherdError } from "../errors.ts";

/** Whether lts.conf asks this node to join. */
export function wantsToJoin(configuration: Configuration): boolean {
	return joinKey(configuration) !== undefined;
}

/** The key by which lts.conf asks this node to join. */
export function joinKey(configuration: Configuration): string | undefined {
	return ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG"].find(
		(key) => configuration.text(key) !== undefined,
	);
}

/**
 * Holds the keys together of which a join needs one or the other. A JoinConfiguration of the operator's own may have what
 * they lack.
 *
 * @throws {NetherdError} `join.incomplete`.
 */
export function requireJoinKeys(configuration: Configuration): void {
	if (!wantsToJoin(configuration) || configuration.text("KUBEADM_JOIN_CONFIG") !== undefined) return;
	if (configuration.text("KUBEADM_JOIN_TOKEN_FILE") === undefined) {
		requireKey(configuration, "KUBEADM_JOIN_TOKEN");
	}
	requireKey(configuration, "KUBEADM_JOIN_CA_CERT_HASH");
}

function requireKey(configuration: Configuration, key: string): void {
	if (configuration.text(key) !== undefined) return;
	throw new NetherdError(
		"join.incomplete",
		`KUBEADM_JOIN_ENDPOINT is set (${configuration.whence("KUBEADM_JOIN_ENDPOINT")}), but ${key} is not`,
		{
			hint: `add ${key} to lts.conf; kubeadm token create --print-join-command on the control plane prints what it needs`,
		},
	);
}
