import type { JoinFailure } from "./failure.ts";

/** What the engine knows when it has to decide what comes next. */
export interface Situation {
	/** Whether the machine has credentials of a node that can be used. */
	readonly hasJoined: boolean;
	/** Files of an attempt that did not end well. */
	readonly leftovers: readonly string[];
	/** One of them is what the kubelet gets its certificate with: it may finish alone. */
	readonly mayFinishAlone: boolean;
	/** How long the engine has waited for that since the last attempt. */
	readonly graceMs: number;
	/** Of the last attempt; absent before the first. */
	readonly failure?: JoinFailure | undefined;
	/** Whether the pause after it is over. */
	readonly hasPaused: boolean;
	/** The failures that no further attempt can mend, by endpoint; absent where there is hope. */
	readonly permanent: readonly (JoinFailure | undefined)[];
	/** Since the join began. */
	readonly elapsedMs: number;
}

export type Move =
	| { readonly kind: "look after the node" }
	| { readonly kind: "give up"; readonly failure: JoinFailure }
	| { readonly kind: "pause" }
	| { readonly kind: "wait for the kubelet" }
	| { readonly kind: "reset" }
	| { readonly kind: "attempt" };

/** What comes next. Pure: the whole of the engine's judgement, but for what kubeadm's words mean. */
export function nextMove(
	situation: Situation,
	limits: { readonly graceMs: number; readonly timeoutMs?: number | undefined },
): Move {
	const { failure, leftovers, elapsedMs } = situation;
	// Before all else, because kubeadm's exit code is not the outcome: a kubelet that it started may have finished.
	if (situation.hasJoined) return { kind: "look after the node" };
	const hopeless = failureWithoutHope(situation);
	if (hopeless !== undefined) return { kind: "give up", failure: hopeless };
	if (limits.timeoutMs !== undefined && elapsedMs >= limits.timeoutMs) {
		return { kind: "give up", failure: timedOut(limits.timeoutMs, failure) };
	}
	if (failure !== undefined && !situation.hasPaused) return { kind: "pause" };
	if (situation.mayFinishAlone && situation.graceMs < limits.graceMs) return { kind: "wait for the kubelet" };
	if (leftovers.length > 0 || (failure?.code === "join.node-not-clean" && situation.hasPaused)) {
		return { kind: "reset" };
	}
	return { kind: "attempt" };
}

/** A failure of this machine ends it at once; one of an endpoint when every endpoint has one. */
function failureWithoutHope({ failure, permanent }: Situation): JoinFailure | undefined {
	if (failure?.isPermanent !== true) return undefined;
	if (failure.concerns === "node") return failure;
	const found = permanent.filter((each) => each !== undefined);
	if (found.length < permanent.length) return undefined;
	const messages = [...new Set(found.map(({ message }) => message))];
	return { ...failure, message: messages.join("; ") };
}

/** The end that KUBEADM_JOIN_TIMEOUT sets, with what was in the way. */
export function timedOut(timeoutMs: number, last: JoinFailure | undefined, waitedFor?: string): JoinFailure {
	const why = waitedFor ?? last?.message;
	return {
		code: "join.timeout",
		message: `the node has not joined within KUBEADM_JOIN_TIMEOUT, ${timeoutMs / 1000} s${why === undefined ? "" : `: ${why}`}`,
		hint: `${last?.hint ?? "look at what it waited for"}; then systemctl restart netherd-join. Without KUBEADM_JOIN_TIMEOUT it would go on`,
		isPermanent: true,
		concerns: "node",
		pace: "growing",
		evidence: last?.evidence,
	};
}
