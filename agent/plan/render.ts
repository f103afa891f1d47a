import { formatBytes, formatDuration } from "../download/progress.ts";
import { describeSource } from "../download/source-address.ts";
import type { Action, FetchImage, JoinCluster } from "./action.ts";

/** An action in one line, as a person would say it. */
export function actionLine(action: Action): string {
	switch (action.kind) {
		case "makeDirectory":
			return `make folder   ${action.path}  (${action.mode})`;
		case "putFile":
			return `put file      ${action.path}  (${action.mode}, ${formatBytes(Buffer.byteLength(action.content))})`;
		case "makeSymlink":
			return `make link     ${action.path} -> ${action.target}`;
		case "removeFile":
			return `remove file   ${action.path}`;
		case "spawn":
			return `run           ${shellQuoted(action.argv)}`;
		case "fetchImage":
			return `fetch image   ${action.sources.map(describeSource).join(", ")} -> ${action.destination}  (${formatBytes(action.sizeBytes)}, ${verification(action.chunks)})`;
		case "waitForPath":
			return `wait for      ${action.path}  (at most ${action.timeoutMs / 1000} s)`;
		case "moveTree":
			return `move files    ${action.from} -> ${action.to}  (${formatBytes(action.sizeBytes)})`;
		case "joinCluster":
			return `join cluster  ${endpointsText(action)} as ${action.nodeName}  (${action.timeoutMs === undefined ? "until it is a node" : `at most ${action.timeoutMs / 1000} s`})`;
	}
}

/** What follows the line in full view: a file's content, a program's environment, the reason. */
export function actionDetails(action: Action): readonly string[] {
	const because = action.because === undefined ? [] : [`because ${action.because}`];
	switch (action.kind) {
		case "putFile":
			return [...because, ...contentLines(action.content)];
		case "spawn":
			return [
				...because,
				...Object.entries(action.environment ?? {}).map(([name, value]) => `${name}=${shellQuoted([value])}`),
			];
		case "joinCluster":
			return [...because, ...joinDetails(action)];
		case "fetchImage":
			return [...because, limitsOf(action)];
		default:
			return because;
	}
}

function limitsOf({ use, sources, connections, stallTimeoutMs, totalTimeoutMs }: FetchImage): string {
	const how = sources.length === 1 ? "one source" : `sources ${use === "together" ? "together" : "in order"}`;
	const most = connections === undefined ? "" : `, at most ${connections} connections to each`;
	return `${how}${most}; set aside after ${formatDuration(stallTimeoutMs)} without data; given up after ${formatDuration(totalTimeoutMs).replace(" 00 s", "")}`;
}

/** argv as it could be pasted into a shell. */
export function shellQuoted(argv: readonly string[]): string {
	return argv
		.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
		.join(" ");
}

function endpointsText({ attempts }: JoinCluster): string {
	if (attempts.length === 0) return "that it is a node of";
	return attempts.map(({ endpoint, configuration }) => endpoint ?? configuration).join(", ");
}

function joinDetails(action: JoinCluster): readonly string[] {
	const { attempts, token, criSockets, labels, taints, attemptTimeoutMs } = action;
	return [
		...attempts.map(({ configuration }) => `kubeadm join --config ${configuration}`),
		...(token.from === "configuration"
			? []
			: [`token from ${token.from === "file" ? token.path : token.url}`]),
		`container runtime at ${criSockets.join(" or ")}`,
		...Object.entries(labels).map(([key, value]) => `label ${key}=${value}`),
		...taints.map(
			({ key, value, effect }) => `taint ${key}${value === undefined ? "" : `=${value}`}:${effect}`,
		),
		`an attempt takes at most ${attemptTimeoutMs / 1000} s`,
	];
}

function contentLines(content: string): string[] {
	const lines = content.split("\n");
	const endsWithNewline = lines.at(-1) === "";
	const shown = (endsWithNewline ? lines.slice(0, -1) : lines).map((line) => `│ ${line}`);
	return endsWithNewline || content === "" ? shown : [...shown, "└ no line end"];
}

function verification(chunks: readonly string[]): string {
	return chunks.length === 0 ? "not verified" : `${chunks.length} chunks with SHA-256`;
}
