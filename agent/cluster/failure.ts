/** Why a node is not in its cluster yet: what the console, the state file, the server and the exit code go by. */
export interface JoinFailure {
	/** Stable, `join.what-is-wrong`; each has an entry in docs/errors.md. */
	readonly code: string;
	/** What is wrong with what, in one sentence. */
	readonly message: string;
	/** What the operator can do. */
	readonly hint: string;
	/** Whether waiting can mend it: then it is tried again, else the join stops. */
	readonly isPermanent: boolean;
	/** `endpoint`: of the API server that was asked, another may be right. `node`: of this machine, wherever it asks. */
	readonly concerns: "endpoint" | "node";
	/** How long to wait before the next attempt, see `backoff.ts`. */
	readonly pace: Pace;
	/** The line of kubeadm that says so, tokens taken out. */
	readonly evidence?: string | undefined;
	/** The next attempt needs the token read again from its source. */
	readonly isAboutToken?: boolean | undefined;
}

/** `soon`: what ends by itself within a minute; `growing`: longer from time to time, for what needs a person. */
export type Pace = "soon" | "growing";
