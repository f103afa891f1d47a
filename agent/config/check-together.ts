import { checkJoin, checkJoinConflicts, isJoinKey, joinsCluster } from "./check-join.ts";
import type { EvaluatedKey } from "./evaluate.ts";
import type { Finding } from "./findings.ts";
import type { Entry } from "./lts-conf.ts";

/** Whether a key is looked at beside others in a file with these entries; without a join nobody asks for its keys. */
export function keysCheckedTogether(entries: readonly Entry[]): (key: string) => boolean {
	return entries.some(({ key }) => joinsCluster(key)) ? isJoinKey : () => false;
}

/** What keys of one node say about each other, on a workstation: what is missing, too, because it is a guess there. */
export function checkTogether(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	return [...checkJoin(file, evaluated), ...checkConflicts(file, evaluated)];
}

/** Keys of one node that contradict each other: errors, on the node too. */
export function checkConflicts(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	return checkJoinConflicts(file, evaluated);
}
