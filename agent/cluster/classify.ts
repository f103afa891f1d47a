import type { JoinFailure } from "./failure.ts";
import { type FailureRow, failureTable, unknownFailure } from "./failure-table.ts";
import { preflightErrors, preflightFailure } from "./preflight.ts";

/** How a run of kubeadm ended. */
export interface KubeadmRun {
	/** Absent when a signal ended it. */
	readonly exitCode?: number | undefined;
	readonly signal?: string | undefined;
	/** Ended by the agent, because it took longer than an attempt may. */
	readonly timedOutAfterMs?: number | undefined;
	/** There is no such program. */
	readonly isMissing?: boolean | undefined;
	/** What it printed, stdout and stderr as they came, tokens taken out. */
	readonly output: readonly string[];
}

const evidenceLength = 400;

/** What a failed run of kubeadm join means. Pure; every output has an answer. */
export function classify(run: KubeadmRun): JoinFailure {
	if (run.isMissing) return missing;
	const error = errorLines(run.output);
	const checks = preflightErrors(error);
	if (checks.length > 0) return preflightFailure(checks);
	const found = firstMatch(error);
	if (found !== undefined) return fill(found.row, found.line, found.match);
	const last = run.output.findLast((line) => line.trim() !== "");
	if (run.timedOutAfterMs !== undefined) return timedOut(run.timedOutAfterMs, last);
	if (run.exitCode === undefined) return interrupted(run.signal, last);
	return fill(unknownFailure, error.find((line) => line.trim() !== "") ?? last ?? "", null);
}

const missing: JoinFailure = {
	code: "join.no-kubeadm",
	message: "this image has no kubeadm",
	hint: "install kubeadm in the image and build it again",
	isPermanent: true,
	concerns: "node",
	pace: "growing",
};

function timedOut(afterMs: number, last: string | undefined): JoinFailure {
	return {
		code: "join.attempt-timeout",
		message: `kubeadm join had not ended after ${Math.round(afterMs / 1000)} s and was stopped`,
		hint: "its last words say what it waited for; all of them are in /run/netherd/agent.log",
		isPermanent: false,
		concerns: "endpoint",
		pace: "growing",
		evidence: last === undefined ? undefined : evidenceOf(last),
	};
}

function interrupted(signal: string | undefined, last: string | undefined): JoinFailure {
	return {
		code: "join.interrupted",
		message: `kubeadm join was ended by ${signal ?? "a signal"}`,
		hint: "the node tries again; was memory short (dmesg), or did someone stop it?",
		isPermanent: false,
		concerns: "node",
		pace: "soon",
		evidence: last === undefined ? undefined : evidenceOf(last),
	};
}

/**
 * The end of the output, where kubeadm says what stopped it; warnings before it may hold the same words. Some errors
 * come without any heading: then all that is no warning.
 */
function errorLines(output: readonly string[]): readonly string[] {
	const heading = output.findLastIndex((line) =>
		/^(?:error execution phase|error:|\[preflight\] Some fatal)/.test(line),
	);
	const from = heading < 0 ? output : output.slice(heading);
	return from.filter((line) => !/^\s*\[WARNING|^W\d{4} |^To see the stack trace/.test(line));
}

function firstMatch(lines: readonly string[]) {
	for (const row of failureTable) {
		for (const line of lines) {
			const match = row.pattern.exec(line);
			if (match !== null) return { row, line, match };
		}
	}
	return undefined;
}

function fill({ pattern: _, ...row }: FailureRow, line: string, match: RegExpExecArray | null): JoinFailure {
	const filled = (text: string) =>
		text.replace(
			/\{(\d)(?:\|([^}]*))?\}/g,
			(_, group: string, otherwise = "") => match?.[Number(group)] ?? otherwise,
		);
	return { ...row, message: filled(row.message), hint: filled(row.hint), evidence: evidenceOf(line) };
}

function evidenceOf(line: string): string {
	const text = line.trim();
	return text.length > evidenceLength ? `${text.slice(0, evidenceLength)}…` : text;
}
