import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";

export type Host = "server" | "client";

export const serverAddress = "10.77.0.1";
export const clientAddress = "10.77.0.50";
export const clientMac = "52:54:00:00:00:01";

export interface Outcome {
	readonly exitCode: number | undefined;
	readonly stdout: string;
	readonly stderr: string;
}

/**
 * Two hosts on a cable: two network namespaces and a veth pair whose ends are called `lan`. The server has 10.77.0.1/24
 * and fd67::1/64, the client 10.77.0.50/24. Each namespace lives as long as a process that sleeps in it, which the kernel
 * kills when the test process dies.
 */
export class TwoHosts implements AsyncDisposable {
	readonly #keepers: Readonly<Record<Host, ChildProcess>>;

	private constructor(keepers: Readonly<Record<Host, ChildProcess>>) {
		this.#keepers = keepers;
	}

	static async create(): Promise<TwoHosts> {
		await ensureDebianPackages(
			["dnsmasq-base", "nbdkit", "libnbd-bin", "busybox", "iproute2", "util-linux", "curl", "ndisc6"],
			"test the companion server",
		);
		const hosts = new TwoHosts({ server: await keepNamespace(), client: await keepNamespace() });
		// Duplicate address detection would keep link-local addresses from use for a second.
		const noDetection = ["sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"];
		for (const host of ["server", "client"] as const) await hosts.run(host, noDetection);
		for (const command of [
			`link add lan type veth peer name lan address ${clientMac} netns ${hosts.#keepers.client.pid}`,
			`address add ${serverAddress}/24 dev lan`,
			"address add fd67::1/64 dev lan",
			"link set lan up",
			"link set lo up",
		]) {
			await hosts.run("server", ["ip", ...command.split(" ")]);
		}
		for (const command of [`address add ${clientAddress}/24 dev lan`, "link set lan up", "link set lo up"]) {
			await hosts.run("client", ["ip", ...command.split(" ")]);
		}
		for (const host of ["server", "client"] as const) await hosts.#ipv6IsUp(host);
		return hosts;
	}

	/** The kernel notices a moment after the cable is plugged in, and only then sends IPv6. */
	async #ipv6IsUp(host: Host): Promise<void> {
		const usable = ["ip", "-6", "address", "show", "dev", "lan", "scope", "link", "-tentative"];
		while (!(await this.run(host, usable)).stdout.includes("fe80::")) await sleep(20);
	}

	/** The command line of a program on a host; the process that it starts becomes that program. */
	argv(host: Host, argv: readonly string[]): [string, ...string[]] {
		return [
			"setpriv",
			"--pdeathsig=KILL",
			"nsenter",
			`--net=/proc/${this.#keepers[host].pid}/ns/net`,
			...argv,
		];
	}

	/** Runs a program on a host to its end. */
	async run(host: Host, argv: readonly string[]): Promise<Outcome> {
		const [file, ...args] = this.argv(host, argv);
		const { exitCode, stdout, stderr } = await execa(file, args, { reject: false, timeout: 120_000 });
		return { exitCode, stdout, stderr };
	}

	/** Processes on a host, but for the one that keeps it. */
	processes(host: Host): number[] {
		const keeper = this.#keepers[host].pid;
		const namespace = namespaceOf(String(keeper));
		return readdirSync("/proc")
			.filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace)
			.map(Number)
			.filter((id) => id !== keeper);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const host of ["server", "client"] as const) {
			for (let ids = this.processes(host); ids.length > 0; ids = this.processes(host)) {
				for (const id of ids) killIfAlive(id);
				await sleep(20);
			}
			const keeper = this.#keepers[host];
			const ended = once(keeper, "exit");
			keeper.kill("SIGKILL");
			await ended;
		}
	}
}

async function keepNamespace(): Promise<ChildProcess> {
	const keeper = spawn("setpriv", [
		"--pdeathsig=KILL",
		"unshare",
		"--net",
		"sh",
		"-c",
		"echo made; exec sleep infinity",
	]);
	await once(keeper.stdout, "data");
	return keeper;
}

function namespaceOf(id: string): string | undefined {
	try {
		return readlinkSync(`/proc/${id}/ns/net`);
	} catch {
		return undefined;
	}
}

function killIfAlive(id: number): void {
	try {
		process.kill(id, "SIGKILL");
	} catch {
		// It ended by itself.
	}
}
