import type { JoinFailure } from "./failure.ts";
import type { NodeDifference } from "./node-difference.ts";

/** What the engine waits for before it can go on. */
export type Awaited =
	| "container runtime"
	| "API server"
	| "token"
	/** A Node of this name that is Ready: mostly this machine, before it was reset. */
	| "name"
	/** A kubelet that an ended kubeadm has started. */
	| "kubelet"
	/** The node has joined. */
	| "Ready";

/** Everything that happens on the way into the cluster; console, state file, systemd and server are told from it. */
export type JoinEvent =
	| { readonly event: "join-started"; readonly nodeName: string; readonly endpoints: readonly string[] }
	/** Not there yet: `reason` says why, in words for people. Told at every look. */
	| { readonly event: "join-waiting"; readonly for: Awaited; readonly reason: string }
	/** What was waited for is there; `what` is a sentence that says so. */
	| { readonly event: "join-found"; readonly what: string; readonly for: Awaited; readonly waitedMs: number }
	/** Files of an earlier attempt are removed by `kubeadm reset`. */
	| {
			readonly event: "join-reset";
			readonly leftovers: readonly string[];
			readonly durationMs: number;
			/** What it could not do. */
			readonly problem?: string;
	  }
	| { readonly event: "join-attempt"; readonly attempt: number; readonly endpoint: string }
	| {
			readonly event: "join-failed";
			readonly attempt: number;
			readonly failure: JoinFailure;
			readonly durationMs: number;
			/** Absent: there will be none. */
			readonly nextAttemptInMs?: number;
	  }
	/** The node has credentials of its own; `byItself` when kubeadm said something else. */
	| {
			readonly event: "joined";
			readonly attempts: number;
			readonly durationMs: number;
			readonly how: "kubeadm" | "byItself" | "before";
	  }
	| { readonly event: "node-ready"; readonly waitedMs: number; readonly version?: string }
	| { readonly event: "node-repaired"; readonly labels: Readonly<Record<string, string>> }
	| { readonly event: "node-differs"; readonly differences: readonly NodeDifference[] }
	| { readonly event: "join-given-up"; readonly failure: JoinFailure; readonly attempts: number }
	| { readonly event: "join-interrupted" };
