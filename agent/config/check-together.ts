import type { EvaluatedKey } from "./evaluate.ts";
import type { Finding } from "./findings.ts";

/** Keys that do nothing good without others. */
const needs: Readonly<Record<string, readonly string[]>> = {
	KUBEADM_JOIN_ENDPOINT: ["KUBEADM_JOIN_TOKEN", "KUBEADM_JOIN_CA_CERT_HASH"],
};

/** The keys of {@link needs} and those that they need. */
export const keysCheckedTogether: ReadonlySet<string> = new Set(
	Object.entries(needs).flatMap(([key, others]) => [key, ...others]),
);

/**
 * What is missing beside the keys of one node. A warning, because the kernel command line may bring it; the node itself
 * refuses to boot without.
 */
export function checkTogether(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	const set = new Set(evaluated.filter(({ value }) => value.trim() !== "").map(({ key }) => key));
	return evaluated.flatMap(({ key, winner, value }) => {
		const missing = (needs[key] ?? []).filter((other) => !set.has(other));
		if (winner === undefined || value.trim() === "" || missing.length === 0) return [];
		const { line, column } = winner.entry;
		return [
			{
				severity: "warning" as const,
				code: "lts-conf.incomplete",
				file,
				line,
				column,
				endColumn: column + key.length,
				message: `${key} needs ${missing.join(" and ")}, and a node that gets this line has no such key`,
				hint: "Add it to the same section, or to [default]; kubeadm token create --print-join-command prints what it needs.",
			},
		];
	});
}
