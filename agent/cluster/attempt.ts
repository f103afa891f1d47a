import { kubeletUnit, nodePrograms } from "../paths.ts";
import type { JoinCluster, JoinTokenSource } from "../plan/action.ts";
import type { Patience } from "./backoff.ts";
import { classify, type KubeadmRun } from "./classify.ts";
import type { JoinFailure } from "./failure.ts";
import { hideTokens, isBootstrapToken, tokensIn, withToken } from "./join-token.ts";
import type { Machine } from "./machine.ts";
import { isDocker } from "./runtime-probe.ts";
import type { Looked } from "./wait-for.ts";

/** Everything of kubeadm's output that is kept: an attempt prints some 30 lines, with a stack trace some 100. */
const keptLines = 500;

/** The token of the next attempt; `undefined` stands for the one that the configuration has. */
export async function lookForToken(
	machine: Machine,
	source: JoinTokenSource,
	isRenewalDue: boolean,
): Promise<Looked<string | undefined>> {
	switch (source.from) {
		case "configuration": {
			const renewed = isRenewalDue ? await machine.renewedToken() : undefined;
			const token = renewed !== undefined && isBootstrapToken(renewed) ? renewed : undefined;
			return { found: token, what: "lts.conf has a token" };
		}
		case "file":
			return judgeToken(machine.readFile(source.path), source.path);
		case "server":
			try {
				return judgeToken(await machine.fetchText(source.url), source.url);
			} catch (error) {
				return { reason: error instanceof Error ? error.message : String(error) };
			}
	}
}

function judgeToken(text: string | undefined, from: string): Looked<string> {
	if (text === undefined) return { reason: `${from} is not there` };
	const token = text.trim();
	return isBootstrapToken(token)
		? { found: token, what: `${from} has a token` }
		: { reason: `what ${from} holds is no bootstrap token` };
}

/** One run of `kubeadm join`; undefined when it says that it has joined. The token is in the 0600 file and nowhere else. */
export async function attemptJoin(
	machine: Machine,
	{ attempts, attemptTimeoutMs }: Pick<JoinCluster, "attempts" | "attemptTimeoutMs">,
	at: number,
	token: string | undefined,
): Promise<JoinFailure | undefined> {
	const file = attempts[at]?.configuration ?? "";
	const before = machine.readFile(file) ?? "{}";
	const configuration = token === undefined ? before : withToken(before, token);
	if (configuration !== before) machine.replaceFile(file, configuration);
	try {
		const argv = [nodePrograms.kubeadm, "join", "--config", file] as const;
		const run = await runHidden(machine, argv, attemptTimeoutMs, tokensIn(configuration));
		if (run.exitCode === 0) return undefined;
		const failure = classify(run);
		return failure.code === "join.kubelet-down" ? await withKubeletsWords(machine, failure) : failure;
	} finally {
		if (configuration !== before) machine.replaceFile(file, before);
	}
}

/** Removes what an attempt left, so that kubeadm's checks pass the next time. Returns what went wrong, if anything. */
export async function resetNode(
	machine: Machine,
	socket: string | undefined,
	patience: Patience,
): Promise<string | undefined> {
	// Docker it finds by itself, and knows by another socket.
	const runtime = socket === undefined || isDocker(socket) ? [] : ["--cri-socket", `unix://${socket}`];
	const argv = [nodePrograms.kubeadm, "reset", "-f", ...runtime] as const;
	const { exitCode, output } = await runHidden(machine, argv, patience.resetTimeoutMs, []);
	return exitCode === 0
		? undefined
		: (output.findLast((line) => line.trim() !== "") ?? "kubeadm reset failed");
}

async function runHidden(
	machine: Machine,
	argv: readonly [string, ...string[]],
	timeoutMs: number,
	tokens: readonly string[],
): Promise<KubeadmRun> {
	const output: string[] = [];
	const end = await machine.run(argv, {
		timeoutMs,
		onLine(line) {
			const hidden = hideTokens(line, tokens);
			machine.log(argv[0], hidden);
			output.push(hidden);
			if (output.length > keptLines) output.shift();
		},
	});
	machine.signal.throwIfAborted();
	const { exitCode, signal, isMissing, isTimedOut } = end;
	return { exitCode, signal, isMissing, output, ...(isTimedOut ? { timedOutAfterMs: timeoutMs } : {}) };
}

/** kubeadm only says that the kubelet is down; the kubelet says why. */
async function withKubeletsWords(machine: Machine, failure: JoinFailure): Promise<JoinFailure> {
	const lines: string[] = [];
	await machine.run(
		[
			nodePrograms.journalctl,
			"--unit",
			kubeletUnit,
			"--lines",
			"20",
			"--output",
			"cat",
			"--no-pager",
			"--quiet",
		],
		{ timeoutMs: 10_000, onLine: (line) => lines.push(hideTokens(line, [])) },
	);
	// klog's errors and fatal errors, and what the kubelet prints without it.
	const words = lines.findLast((line) => /^[EF]\d{4} |\berror\b|\bfailed\b/i.test(line));
	return words === undefined
		? failure
		: { ...failure, evidence: `the kubelet says: ${words.trim().slice(0, 400)}` };
}
