import { formatDuration } from "../download/progress.ts";
import type { Awaited, JoinEvent } from "./join-event.ts";

/** A line for the console and the journal. */
export interface JoinLine {
	readonly level: "info" | "warn";
	readonly line: string;
}

/** When the same reason is told again, in milliseconds after it was first told; then every ten minutes. */
const repeatAfterMs = [30_000, 60_000, 120_000, 300_000, 600_000];
const repeatEveryMs = 600_000;

/**
 * Chooses what people are told: a reason to wait at once, and the same one again ever more seldom; everything else when
 * it happens. Takes the time from its caller.
 *
 * @returns The lines for an event, often none.
 */
export function joinLines(): (event: JoinEvent, elapsedMs: number) => readonly JoinLine[] {
	let told: { readonly reason: string; readonly sinceMs: number; times: number } | undefined;
	let lastFailure: string | undefined;
	return (event, elapsedMs) => {
		if (event.event === "join-failed") {
			const { code, message } = event.failure;
			const isAsBefore = lastFailure === `${code} ${message}`;
			lastFailure = `${code} ${message}`;
			told = undefined;
			return [warn(failureLine(event, isAsBefore))];
		}
		if (event.event !== "join-waiting") {
			const lines = linesOf(event, told !== undefined);
			told = undefined;
			return lines;
		}
		const { reason } = event;
		if (told?.reason !== reason) {
			told = { reason, sinceMs: elapsedMs, times: 0 };
			return [info(`join: waiting ${untilText(event.for)}: ${reason}`)];
		}
		const waitedMs = elapsedMs - told.sinceMs;
		const last = repeatAfterMs.at(-1) ?? 0;
		const dueMs = repeatAfterMs[told.times] ?? last + (told.times - repeatAfterMs.length + 1) * repeatEveryMs;
		if (waitedMs < dueMs) return [];
		told.times += 1;
		return [info(`join: still waiting ${untilText(event.for)}, ${formatDuration(waitedMs)}: ${reason}`)];
	};
}

function linesOf(
	event: Exclude<JoinEvent, { event: "join-waiting" | "join-failed" }>,
	hasWaited: boolean,
): readonly JoinLine[] {
	switch (event.event) {
		case "join-started":
			// A machine that has joined says so with the next event.
			return event.endpoints.length === 0
				? []
				: [info(`join: ${event.nodeName} joins the cluster at ${event.endpoints.join(", ")}`)];
		case "join-found":
			// Without a wait there is nothing to tell, and after the node is Ready another line says so.
			return hasWaited && event.for !== "Ready" && event.for !== "token"
				? [info(`join: ${event.what} after ${formatDuration(event.waitedMs)}`)]
				: [];
		case "join-reset":
			return [
				info(`join: kubeadm reset has removed what an earlier attempt left (${event.leftovers.join(", ")})`),
				...(event.problem === undefined ? [] : [warn(`join: kubeadm reset: ${event.problem}`)]),
			];
		case "join-attempt":
			return [info(`join: attempt ${event.attempt}: kubeadm join at ${event.endpoint}`)];
		case "joined":
			return [info(joinedLine(event))];
		case "node-ready":
			return [
				info(
					`join: the node is Ready, ${formatDuration(event.waitedMs)} after it joined${event.version === undefined ? "" : ` (kubelet ${event.version})`}`,
				),
			];
		case "node-repaired":
			return [
				info(
					`join: labels set to what lts.conf says: ${Object.entries(event.labels)
						.map(([key, value]) => `${key}=${value}`)
						.join(", ")}`,
				),
			];
		case "node-differs":
			return event.differences.map(({ what, command }) =>
				warn(`join: ${what}. The node may not change that itself; run: ${command}`),
			);
		case "join-given-up":
			// The error itself follows on the same console.
			return [];
		case "join-interrupted":
			return [info("join: stopped before its end")];
	}
}

/** What to do is said once, as long as nothing else goes wrong. */
function failureLine(event: Extract<JoinEvent, { event: "join-failed" }>, isAsBefore: boolean): string {
	const { attempt, failure, nextAttemptInMs } = event;
	const next =
		nextAttemptInMs === undefined
			? "no further attempt"
			: `next attempt in ${formatDuration(nextAttemptInMs)}`;
	const rest = isAsBefore ? "" : `. What to do: ${failure.hint}`;
	return `join: attempt ${attempt} failed${isAsBefore ? " as the one before" : ""}: ${failure.message} [${failure.code}]; ${next}${rest}`;
}

function untilText(awaited: Awaited): string {
	if (awaited === "name") return "until its name is free";
	return awaited === "Ready" ? "until the node is Ready" : `for the ${awaited}`;
}

function joinedLine({ how, attempts, durationMs }: Extract<JoinEvent, { event: "joined" }>): string {
	switch (how) {
		case "before":
			return "join: this machine has joined already: nothing to do but to wait until it is Ready";
		case "byItself":
			return "join: kubeadm did not end well, but the kubelet has finished the join; waiting until it is Ready";
		case "kubeadm":
			return `join: joined after ${formatDuration(durationMs)}, ${attempts === 1 ? "one attempt" : `${attempts} attempts`}; waiting until it is Ready`;
	}
}

function info(line: string): JoinLine {
	return { level: "info", line };
}

function warn(line: string): JoinLine {
	return { level: "warn", line };
}
