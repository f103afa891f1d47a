import type { JoinState, SpentMs } from "../../cluster/join-state.ts";
import { formatDuration } from "../../download/progress.ts";
import type { NodeStatus } from "./node-status.ts";

/** The status for people; `nowMs` is milliseconds since 1970. */
export function statusText(status: NodeStatus, nowMs: number): string {
	const { join } = status;
	const lines = [
		status.summary,
		...(join === undefined ? [] : joinLines(join, nowMs)),
		"",
		...table([
			["stage", "state", "took", ""],
			...status.stages.map(({ name, state, durationMs, failures }) => [
				name,
				state,
				state === "not started" ? "" : seconds(durationMs),
				name === "join" && join !== undefined ? spentText(join.spentMs) : failuresText(failures.length),
			]),
		]),
		...status.stages.flatMap(({ name, failures }) =>
			failures.map(({ step, error }) => `${name}/${step}: ${error.split("\n")[0]}`),
		),
	];
	return `${lines.join("\n")}\n`;
}

function joinLines(join: JoinState, nowMs: number): string[] {
	const { attempts, nextAttemptAt, lastFailure, differences, state } = join;
	const inMs = nextAttemptAt === undefined ? undefined : Date.parse(nextAttemptAt) - nowMs;
	const next =
		inMs === undefined
			? ""
			: inMs <= 0
				? ", the next one is due"
				: `, the next one in ${formatDuration(inMs)}`;
	const rows = [
		["cluster", join.endpoints.join(", ") || "joined before"],
		["attempts", `${attempts}${next}`],
	];
	if (lastFailure !== undefined) {
		const { message, code, at, evidence, hint } = lastFailure;
		rows.push(["last failure", `${ago(at, nowMs)}: ${message.split("\n")[0]} [${code}]`]);
		if (evidence !== undefined) rows.push(["", evidence]);
		if (state !== "ready") rows.push(["what to do", hint]);
	}
	for (const { what, command } of differences) rows.push(["differs", what], ["", command]);
	return table(rows).map((line) => `  ${line}`);
}

function spentText({ runtime, apiServer, kubeadm, reset, untilReady }: SpentMs): string {
	const parts: readonly (readonly [string, number])[] = [
		["container runtime", runtime],
		["API server", apiServer],
		["kubeadm", kubeadm],
		["kubeadm reset", reset],
		["until Ready", untilReady],
	];
	return parts
		.filter(([, spentMs]) => spentMs >= 100)
		.map(([name, spentMs]) => `${name} ${seconds(spentMs)}`)
		.join(", ");
}

function failuresText(count: number): string {
	if (count === 0) return "";
	return count === 1 ? "one action failed" : `${count} actions failed`;
}

function ago(at: string, nowMs: number): string {
	const passedMs = nowMs - Date.parse(at);
	return passedMs >= 0 ? `${formatDuration(passedMs)} ago` : at;
}

function seconds(milliseconds: number): string {
	return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : formatDuration(milliseconds);
}

/** Columns as wide as their widest word; the last one as it is. */
function table(rows: readonly (readonly string[])[]): string[] {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	return rows.map((row) =>
		row
			.map((word, column) => (column === row.length - 1 ? word : word.padEnd(widths[column] ?? 0)))
			.join("  ")
			.trimEnd(),
	);
}
