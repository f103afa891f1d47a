import type { Pace } from "./failure.ts";

/** How patient the engine is, in milliseconds; tests take shorter ones. */
export interface Patience {
	/** Between two looks at what it waits for. */
	readonly pollMs: number;
	/** The longest time between two looks. */
	readonly longestPollMs: number;
	/** Before the second attempt. */
	readonly firstPauseMs: number;
	/** The longest time between two attempts, for each pace. */
	readonly longestPauseMs: Readonly<Record<Pace, number>>;
	/** For one connection to the container runtime or to the API server. */
	readonly probeTimeoutMs: number;
	/** How long a kubelet that kubeadm has started may take to finish alone. */
	readonly graceMs: number;
	/** How long a node that has joined may take to become Ready. */
	readonly readyTimeoutMs: number;
	/** `kubeadm reset` is ended after this long. */
	readonly resetTimeoutMs: number;
}

export const usualPatience: Patience = {
	pollMs: 1_000,
	longestPollMs: 10_000,
	firstPauseMs: 5_000,
	longestPauseMs: { soon: 15_000, growing: 60_000 },
	probeTimeoutMs: 5_000,
	graceMs: 30_000,
	readyTimeoutMs: 10 * 60_000,
	resetTimeoutMs: 2 * 60_000,
};

/**
 * The pause before the next attempt: doubled with every failure in a row, up to the longest of its pace, and up to a
 * quarter more or less, so that a farm that booted together does not come together.
 *
 * @param failures In a row, at least 1.
 * @param random From 0 to 1.
 */
export function pauseBeforeAttempt(pace: Pace, failures: number, random: number, patience: Patience): number {
	const doubled = patience.firstPauseMs * 2 ** Math.min(failures - 1, 20);
	return withJitter(Math.min(doubled, patience.longestPauseMs[pace]), random);
}

/** The pause before the next look at what is waited for; slower by half each time. */
export function pauseBeforeLook(looks: number, random: number, patience: Patience): number {
	return withJitter(
		Math.min(patience.pollMs * 1.5 ** Math.min(looks - 1, 20), patience.longestPollMs),
		random,
	);
}

/** Up to a quarter more or less. */
export function withJitter(milliseconds: number, random: number): number {
	return Math.round(milliseconds * (0.75 + random / 2));
}
