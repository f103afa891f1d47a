import { NetherdError } from "../errors.ts";
import type { JoinFailure } from "./failure.ts";

/** The error with which the join ends; kubeadm's or the kubelet's own words come with it. */
export function joinError({ code, message, hint, evidence }: JoinFailure): JoinError {
	return new JoinError(code, evidence === undefined ? message : `${message}\n  ${evidence}`, { hint });
}

/** The node is not in its cluster, and no attempt follows. */
export class JoinError extends NetherdError {}

/** Thrown when the unit is stopped; not a failure of the join. */
export function stopped(): NetherdError {
	return new NetherdError("join.stopped", "the join was stopped before its end", {
		hint: "systemctl restart netherd-join goes on with it",
	});
}
