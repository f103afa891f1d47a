import type { JoinFailure } from "./failure.ts";
import type { Awaited, JoinEvent } from "./join-event.ts";

/** How far the join is: the content of /run/netherd/join/state.json, for `agent status` and for other programs. */
export interface JoinState {
	/** Version of this form. */
	readonly version: 1;
	readonly state: JoinPhase;
	readonly nodeName: string;
	readonly endpoints: readonly string[];
	/** What it does or waits for, in one line for people. */
	readonly doing: string;
	readonly attempts: number;
	/** ISO 8601, by the node's clock. */
	readonly startedAt: string;
	readonly changedAt: string;
	readonly nextAttemptAt?: string | undefined;
	readonly readyAt?: string | undefined;
	/** Of the last attempt that failed; it stays when a later one succeeds. */
	readonly lastFailure?: (JoinFailureText & { readonly at: string }) | undefined;
	/** Labels and taints that are not as lts.conf says, each with the command that makes them so. */
	readonly differences: readonly { readonly what: string; readonly command: string }[];
	/** Where the time went, in milliseconds. */
	readonly spentMs: SpentMs;
}

type JoinFailureText = Pick<JoinFailure, "code" | "message" | "hint" | "evidence" | "isPermanent">;

export type JoinPhase =
	/** For the container runtime, an API server, a token. */
	| "waiting"
	/** kubeadm runs. */
	| "joining"
	/** Until the next attempt. */
	| "pausing"
	/** It has credentials of its own, and is not Ready yet. */
	| "joined"
	| "ready"
	/** Stopped for good. */
	| "failed"
	/** The unit was stopped. */
	| "interrupted";

export interface SpentMs {
	readonly runtime: number;
	readonly apiServer: number;
	readonly kubeadm: number;
	/** `kubeadm reset`. */
	readonly reset: number;
	/** From the end of kubeadm until the Node was Ready. */
	readonly untilReady: number;
	/** All of it, until Ready or until now. */
	readonly total: number;
}

/** When something happened: by the node's clock, and since the join began. */
export interface Moment {
	/** Milliseconds since 1970. */
	readonly timeMs: number;
	readonly elapsedMs: number;
}

/** The state after an event. Pure. */
export function nextState(before: JoinState | undefined, event: JoinEvent, moment: Moment): JoinState {
	const at = new Date(moment.timeMs).toISOString();
	const state = before ?? emptyState(at);
	const spentMs = { ...state.spentMs, total: moment.elapsedMs };
	const common = { ...state, changedAt: at, spentMs, nextAttemptAt: undefined };
	switch (event.event) {
		case "join-started":
			return { ...emptyState(at), nodeName: event.nodeName, endpoints: event.endpoints };
		case "join-waiting":
			return {
				...common,
				state: event.for === "Ready" ? "joined" : "waiting",
				doing: `waits for the ${nameOf(event.for)}: ${event.reason}`,
			};
		case "join-found":
			return { ...common, doing: event.what, spentMs: add(spentMs, event.for, event.waitedMs) };
		case "join-reset":
			return {
				...common,
				state: "joining",
				doing: "removes what an earlier attempt left",
				spentMs: { ...spentMs, reset: spentMs.reset + event.durationMs },
			};
		case "join-attempt":
			return {
				...common,
				state: "joining",
				doing: `runs kubeadm join at ${event.endpoint}, attempt ${event.attempt}`,
				attempts: event.attempt,
			};
		case "join-failed":
			return {
				...common,
				state: event.nextAttemptInMs === undefined ? "failed" : "pausing",
				doing: `waits before the next attempt: ${event.failure.message}`,
				lastFailure: { ...textOf(event.failure), at },
				...(event.nextAttemptInMs === undefined
					? {}
					: { nextAttemptAt: new Date(moment.timeMs + event.nextAttemptInMs).toISOString() }),
				spentMs: { ...spentMs, kubeadm: spentMs.kubeadm + event.durationMs },
			};
		case "joined":
			return { ...common, state: "joined", doing: "waits until the node is Ready" };
		case "node-ready":
			return {
				...common,
				state: "ready",
				doing: "the node is Ready",
				readyAt: at,
				spentMs: { ...spentMs, untilReady: event.waitedMs },
			};
		case "node-repaired":
			return common;
		case "node-differs":
			return { ...common, differences: event.differences.map(({ what, command }) => ({ what, command })) };
		case "join-given-up":
			return {
				...common,
				state: "failed",
				doing: event.failure.message,
				lastFailure: { ...textOf(event.failure), at },
			};
		case "join-interrupted":
			return { ...common, state: "interrupted", doing: "was stopped before its end" };
	}
}

function emptyState(at: string): JoinState {
	return {
		version: 1,
		state: "waiting",
		nodeName: "",
		endpoints: [],
		doing: "starts",
		attempts: 0,
		startedAt: at,
		changedAt: at,
		differences: [],
		spentMs: { runtime: 0, apiServer: 0, kubeadm: 0, reset: 0, untilReady: 0, total: 0 },
	};
}

function add(spentMs: SpentMs, awaited: Awaited, waitedMs: number): SpentMs {
	switch (awaited) {
		case "container runtime":
			return { ...spentMs, runtime: spentMs.runtime + waitedMs };
		case "API server":
			return { ...spentMs, apiServer: spentMs.apiServer + waitedMs };
		default:
			return spentMs;
	}
}

function nameOf(awaited: Awaited): string {
	if (awaited === "name") return "old node to turn NotReady";
	return awaited === "Ready" ? "node to become Ready" : awaited;
}

function textOf({ code, message, hint, evidence, isPermanent }: JoinFailure): JoinFailureText {
	return { code, message, hint, evidence, isPermanent };
}
