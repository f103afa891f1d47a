import { kubeletCredentials } from "../facts/kubelet-credentials.ts";
import { kubeadmLeftovers } from "../paths.ts";
import type { JoinCluster } from "../plan/action.ts";
import { attemptJoin, lookForToken, resetNode } from "./attempt.ts";
import { type Patience, pauseBeforeAttempt, usualPatience, withJitter } from "./backoff.ts";
import { type ClusterInfo, readClusterInfo } from "./cluster-info.ts";
import { lookAtEndpoint } from "./endpoint-probe.ts";
import type { JoinFailure } from "./failure.ts";
import { JoinError, joinError, stopped } from "./join-error.ts";
import { tokensIn } from "./join-token.ts";
import { lookAfterNode } from "./look-after-node.ts";
import type { Machine } from "./machine.ts";
import { nextMove, type Situation } from "./next-move.ts";
import { isNodeReady } from "./node-api.ts";
import { lookAtRuntime, lookAtSocket } from "./runtime-probe.ts";
import { type Deadline, type Looked, waitFor } from "./wait-for.ts";

/**
 * Makes this machine a Ready node: waits for the container runtime and for an API server, runs kubeadm join, tries again
 * what can be tried again, and looks after the Node that it becomes.
 *
 * @throws {NetherdError} `join.*`: what no further attempt can mend, or what was in the way when the time was over.
 */
export async function joinCluster(
	action: JoinCluster,
	machine: Machine,
	patience: Patience = usualPatience,
): Promise<void> {
	const engine = new JoinEngine(action, machine, patience);
	try {
		await engine.run();
	} catch (error) {
		if (machine.signal.aborted) {
			machine.tell({ event: "join-interrupted" });
			throw stopped();
		}
		if (error instanceof JoinError) {
			const { code, message, hint } = error;
			const failure = { code, message, hint, isPermanent: true, concerns: "node", pace: "growing" } as const;
			machine.tell({ event: "join-given-up", failure, attempts: engine.attempts });
		}
		throw error;
	}
}

class JoinEngine {
	attempts = 0;
	readonly #action: JoinCluster;
	readonly #machine: Machine;
	readonly #patience: Patience;
	readonly #startedMs: number;
	readonly #deadline: Deadline | undefined;
	readonly #permanent: (JoinFailure | undefined)[];
	#failure: JoinFailure | undefined;
	/** In a row, of the same code. */
	#failures = 0;
	#pauseMs = 0;
	#hasPaused = false;
	#graceMs = 0;
	/** The endpoint that is asked first. */
	#next = 0;
	/** The container runtime that answered last. */
	#socket: string | undefined;

	constructor(action: JoinCluster, machine: Machine, patience: Patience) {
		this.#action = action;
		this.#machine = machine;
		this.#patience = patience;
		this.#startedMs = machine.nowMs();
		this.#permanent = action.attempts.map(() => undefined);
		const { timeoutMs } = action;
		this.#deadline = timeoutMs === undefined ? undefined : { timeoutMs, atMs: this.#startedMs + timeoutMs };
	}

	async run(): Promise<void> {
		const endpoints = this.#action.attempts.map(({ endpoint, configuration }) => endpoint ?? configuration);
		this.#machine.tell({ event: "join-started", nodeName: this.#action.nodeName, endpoints });
		for (;;) {
			this.#machine.signal.throwIfAborted();
			const move = nextMove(this.#situation(), {
				graceMs: this.#patience.graceMs,
				timeoutMs: this.#action.timeoutMs,
			});
			switch (move.kind) {
				case "look after the node":
					this.#tellJoined();
					return await lookAfterNode(this.#machine, this.#action, this.#patience);
				case "give up":
					throw joinError(move.failure);
				case "pause":
					await this.#pause();
					break;
				case "wait for the kubelet":
					await this.#waitForKubelet();
					break;
				case "reset":
					await this.#reset();
					break;
				case "attempt":
					await this.#attempt();
			}
		}
	}

	#situation(): Situation {
		const { readFile, timeMs, nowMs } = this.#machine;
		const leftovers = kubeadmLeftovers.filter((path) => readFile(path) !== undefined);
		return {
			// Without attempts the facts said that the machine has joined; if that is not so, looking after it will say why.
			hasJoined:
				kubeletCredentials(readFile, timeMs()).state === "usable" || this.#action.attempts.length === 0,
			leftovers,
			mayFinishAlone: leftovers.some((path) => path.endsWith("bootstrap-kubelet.conf")),
			graceMs: this.#graceMs,
			failure: this.#failure,
			hasPaused: this.#hasPaused,
			permanent: this.#permanent,
			elapsedMs: nowMs() - this.#startedMs,
		};
	}

	#tellJoined(): void {
		this.#machine.tell({
			event: "joined",
			attempts: this.attempts,
			durationMs: this.#machine.nowMs() - this.#startedMs,
			how: this.attempts === 0 ? "before" : this.#failure === undefined ? "kubeadm" : "byItself",
		});
	}

	/** A pause because of the token ends as soon as the cluster knows it: someone waits for that at the control plane. */
	async #pause(): Promise<void> {
		const machine = this.#machine;
		const endMs = machine.nowMs() + this.#pauseMs;
		for (let leftMs = this.#pauseMs; leftMs > 0; leftMs = endMs - machine.nowMs()) {
			await machine.sleep(Math.min(leftMs, withJitter(this.#patience.longestPollMs, machine.random())));
			if (this.#failure?.isAboutToken && (await this.#isTokenKnown())) break;
		}
		this.#hasPaused = true;
	}

	async #isTokenKnown(): Promise<boolean> {
		const token = await this.#currentToken();
		return token !== undefined && ((await this.#clusterInfo(this.#next, token))?.isSigned ?? false);
	}

	/** The one that the next attempt will have, as far as that is known. */
	async #currentToken(): Promise<string | undefined> {
		const { token: source, attempts } = this.#action;
		const looked = await lookForToken(this.#machine, source, false);
		const configuration = attempts[this.#next]?.configuration ?? "";
		const [old] = tokensIn(this.#machine.readFile(configuration) ?? "{}");
		return "found" in looked ? (looked.found ?? old) : undefined;
	}

	async #clusterInfo(at: number, token: string): Promise<ClusterInfo | undefined> {
		const { attempts, caCertHashes } = this.#action;
		const endpoint = attempts[at]?.endpoint;
		if (endpoint === undefined) return undefined;
		return await readClusterInfo(endpoint, token, caCertHashes, this.#patience.probeTimeoutMs);
	}

	/** The cluster notices in its own time that the old node is gone. What it does not say, kubeadm is asked. */
	async #lookForName(at: number): Promise<Looked<undefined>> {
		const free = { found: undefined, what: `the name ${this.#action.nodeName} is free` };
		const token = await this.#currentToken();
		const endpoint = this.#action.attempts[at]?.endpoint;
		if (token === undefined || endpoint === undefined) return free;
		const authority = (await this.#clusterInfo(at, token))?.authority;
		if (authority === undefined) return free;
		const { nodeName } = this.#action;
		const isReady = await isNodeReady(
			endpoint,
			{ authority, token, nodeName },
			this.#patience.probeTimeoutMs,
		);
		return isReady ? { reason: `the cluster still takes the old ${nodeName} for Ready` } : free;
	}

	async #waitForKubelet(): Promise<void> {
		const reason = "an earlier kubeadm has started it; it may get its certificate alone";
		this.#machine.tell({ event: "join-waiting", for: "kubelet", reason });
		await this.#machine.sleep(this.#patience.pollMs);
		this.#graceMs += this.#patience.pollMs;
	}

	async #reset(): Promise<void> {
		const { leftovers } = this.#situation();
		const startedMs = this.#machine.nowMs();
		const problem = await resetNode(this.#machine, this.#socket, this.#patience);
		const durationMs = this.#machine.nowMs() - startedMs;
		this.#machine.tell({
			event: "join-reset",
			leftovers,
			durationMs,
			...(problem === undefined ? {} : { problem }),
		});
		// What could not be removed shows in kubeadm's own checks: the attempt follows either way.
		await this.#attempt();
	}

	async #attempt(): Promise<void> {
		const machine = this.#machine;
		this.#socket = await this.#wait("container runtime", () => this.#lookForRuntime());
		const at = await this.#wait("API server", () => this.#lookForEndpoint());
		if (this.#failure?.code === "join.name-ready") await this.#wait("name", () => this.#lookForName(at));
		const isRenewalDue = this.#failure?.isAboutToken === true;
		const token = await this.#wait("token", () => lookForToken(machine, this.#action.token, isRenewalDue));
		const endpoint = this.#action.attempts[at]?.endpoint ?? "the API server";
		machine.tell({ event: "join-attempt", attempt: ++this.attempts, endpoint });
		const startedMs = machine.nowMs();
		const failure = await attemptJoin(machine, this.#action, at, token);
		this.#graceMs = 0;
		this.#note(failure, at, machine.nowMs() - startedMs);
	}

	/** An exit code of 0 without credentials is no join, either: the next look at the situation finds that out. */
	#note(failure: JoinFailure | undefined, at: number, durationMs: number): void {
		const { hasJoined } = this.#situation();
		if (failure === undefined && hasJoined) {
			this.#failure = undefined;
			return;
		}
		const found = failure ?? withoutCredentials;
		this.#failures = this.#failure?.code === found.code ? this.#failures + 1 : 1;
		this.#failure = found;
		this.#hasPaused = false;
		this.#permanent[at] = found.isPermanent ? found : undefined;
		if (found.concerns === "endpoint") this.#next = (at + 1) % this.#action.attempts.length;
		this.#pauseMs = pauseBeforeAttempt(found.pace, this.#failures, this.#machine.random(), this.#patience);
		if (hasJoined) return;
		const isOver = found.isPermanent && (found.concerns === "node" || this.#permanent.every(Boolean));
		this.#machine.tell({
			event: "join-failed",
			attempt: this.attempts,
			failure: found,
			durationMs,
			...(isOver ? {} : { nextAttemptInMs: this.#pauseMs }),
		});
	}

	#wait<Found>(awaited: Parameters<typeof waitFor>[2], look: () => Promise<Looked<Found>>): Promise<Found> {
		return waitFor(this.#machine, this.#patience, awaited, this.#deadline, look);
	}

	async #lookForRuntime(): Promise<Looked<string>> {
		const reasons: string[] = [];
		// Loading HTTP/2 takes longer than a look at an API server: only where there is a reason to ask.
		const lookAt = this.#failure?.code === "join.runtime-down" ? lookAtRuntime : lookAtSocket;
		for (const socket of this.#action.criSockets) {
			const look = await lookAt(this.#machine.locate(socket), this.#patience.probeTimeoutMs);
			if (look.answers) return { found: socket, what: `${look.what} at ${socket} answers` };
			reasons.push(`${socket}: ${look.why}`);
		}
		return { reason: reasons.join("; ") };
	}

	/** Those with a permanent failure are asked no more. */
	async #lookForEndpoint(): Promise<Looked<number>> {
		const { attempts } = this.#action;
		const reasons: string[] = [];
		for (const offset of attempts.keys()) {
			const at = (this.#next + offset) % attempts.length;
			const endpoint = attempts[at]?.endpoint;
			if (this.#permanent[at] !== undefined) continue;
			if (endpoint === undefined)
				return { found: at, what: "kubeadm knows the API server from your own configuration" };
			const look = await lookAtEndpoint(endpoint, this.#patience.probeTimeoutMs);
			if (look.answers) return { found: at, what: `the API server at ${look.what} answers` };
			reasons.push(`${endpoint}: ${look.why}`);
		}
		return { reason: reasons.join("; ") };
	}
}

const withoutCredentials: JoinFailure = {
	code: "join.no-credentials",
	message: "kubeadm says that it has joined, and the node has no valid credentials",
	hint: "look at journalctl --unit kubelet: the kubelet asks for its certificate and did not get it",
	isPermanent: false,
	concerns: "node",
	pace: "growing",
};
