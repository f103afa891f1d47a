import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import {
	ip,
	iproute,
	makeNamespace,
	namespaceFolder,
	processIds,
	removeLeftovers,
	removeNamespace,
} from "./network-namespace.ts";

/** The farm's network card as a server in the farm sees it: a bridge, to which every machine's tap is joined. */
export const farmNetwork = {
	interface: "lan",
	address: "192.168.67.1",
	prefixLength: 24,
	/** The addresses for machines without a name; those below are for machines with one. */
	firstLease: "192.168.67.100",
	lastLease: "192.168.67.199",
	/** iPXE waits for an answer to its IPv6 router solicitations: a server in the farm needs an address to give one. */
	ipv6Address: "fd67:6e65:7468::1",
} as const;

/** A program in the farm's network. */
export interface FarmProgram {
	readonly process: ChildProcess;
	/** Every line of its standard output and standard error, with milliseconds since the program's start. */
	readonly lines: readonly { readonly atMs: number; readonly text: string }[];
	/** Calls back for each new line, until the returned function is called. */
	onLine(listener: (text: string) => void): () => void;
	/** Ends it by SIGTERM, by SIGKILL after 10 s, and waits until it has ended. */
	stop(): Promise<void>;
	/** Ends it by SIGKILL. */
	kill(): Promise<void>;
}

/**
 * A network of its own for a server and its diskless machines: a network namespace with a bridge. Nothing in it reaches
 * the host's network. Disposing ends everything that runs in it.
 */
export class Farm implements Disposable {
	/** The namespace's name, for `ip netns exec NAME` while something is looked into. */
	readonly namespace: string;
	/** A folder for sockets and the like, as long as the farm is there. */
	readonly folder: string;
	readonly #machines = new Set<number>();
	#taps = 0;

	/** @throws {NetherdError} `vm.network-failed`. */
	constructor() {
		removeLeftovers();
		this.namespace = makeNamespace();
		this.folder = namespaceFolder(this.namespace);
		const { interface: bridge, address, prefixLength, ipv6Address } = farmNetwork;
		this.#ip("link set lo up");
		this.#ip(`link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`);
		this.#ip(`address add ${address}/${prefixLength} dev ${bridge}`);
		this.#ip(`address add ${ipv6Address}/64 dev ${bridge} nodad`);
		this.#ip(`link set ${bridge} up`);
	}

	/** Makes a tap device on the bridge and returns its name. */
	addTap(): string {
		const tap = `tap${this.#taps++}`;
		this.#ip(`tuntap add dev ${tap} mode tap`);
		this.#ip(`link set ${tap} master ${farmNetwork.interface}`);
		this.#ip(`link set ${tap} up`);
		return tap;
	}

	/** From now on each machine gets at most so much from the network, as if its link were slow. */
	limitRate(megabitsPerSecond: number): void {
		// Documentation: tc-tbf(8). A burst of less than a large segment would drop it.
		const limit = ["tbf", "rate", `${megabitsPerSecond}mbit`, "burst", "256kb", "latency", "100ms"];
		for (let tap = 0; tap < this.#taps; tap++) {
			iproute("tc", ["-n", this.namespace, "qdisc", "replace", "dev", `tap${tap}`, "root", ...limit]);
		}
	}

	/** The argument list that runs a program in the farm's network and ends it when this process dies. */
	argv(argv: readonly string[], deathSignal: "KILL" | "TERM"): [string, ...string[]] {
		return ["setpriv", "--pdeathsig", deathSignal, "nsenter", `--net=/run/netns/${this.namespace}`, ...argv];
	}

	/**
	 * Starts a program in the farm's network.
	 *
	 * @param logFile Gets what it prints, each line after its seconds since the start.
	 */
	start(argv: readonly string[], logFile: string): FarmProgram {
		const startMs = performance.now();
		const [file, ...args] = this.argv(argv, "TERM");
		const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
		const log = createWriteStream(logFile);
		const lines: { atMs: number; text: string }[] = [];
		const listeners = new Set<(text: string) => void>();
		for (const stream of [child.stdout, child.stderr]) {
			createInterface({ input: stream }).on("line", (text) => {
				const atMs = performance.now() - startMs;
				lines.push({ atMs, text });
				log.write(`${(atMs / 1000).toFixed(3).padStart(9)}  ${text}\n`);
				for (const listener of listeners) listener(text);
			});
		}
		child.on("close", () => log.end());
		return {
			process: child,
			lines,
			onLine(listener) {
				listeners.add(listener);
				return () => listeners.delete(listener);
			},
			stop: () => endChild(child, "SIGTERM"),
			kill: () => endChild(child, "SIGKILL"),
		};
	}

	/** A machine's QEMU: it runs in the farm, but is no server of it. */
	adoptMachine(qemu: ChildProcess): void {
		const id = qemu.pid;
		if (id === undefined) return;
		this.#machines.add(id);
		qemu.once("exit", () => this.#machines.delete(id));
	}

	/** The server room loses its power: programs end at once, the server's network card falls silent. Machines run on. */
	async losePower(): Promise<void> {
		this.#ip(`link set ${farmNetwork.interface} down`);
		for (;;) {
			const servers = processIds(this.namespace).filter((id) => !this.#machines.has(id));
			if (servers.length === 0) return;
			for (const id of servers) killIfAlive(id);
			await sleep(50);
		}
	}

	[Symbol.dispose](): void {
		removeNamespace(this.namespace);
	}

	#ip(args: string): void {
		ip(["-n", this.namespace, ...args.split(" ")]);
	}
}

/** Ends a child and waits for its end; SIGKILL follows when 10 s were not enough. */
export async function endChild(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	const ended = once(child, "exit");
	child.kill(signal);
	const impatience = setTimeout(() => child.kill("SIGKILL"), 10_000);
	await ended;
	clearTimeout(impatience);
}

function killIfAlive(id: number): void {
	try {
		process.kill(id, "SIGKILL");
	} catch {
		// it ended by itself
	}
}
