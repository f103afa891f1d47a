import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";

const prefix = "netherd-vm-";
const mine = new Set<string>();
let made = 0;

/**
 * Makes a network namespace whose name says which process made it, so that a later run can tell leftovers of dead
 * runs from the namespaces of live ones. It is removed when this process exits, unless that is by SIGKILL.
 *
 * @returns Its name, for `ip netns`.
 * @throws {NetherdError} `vm.network-failed`.
 */
export function makeNamespace(): string {
	const name = `${prefix}${process.pid}-${startTicks(process.pid)}-${++made}`;
	if (made === 1) process.once("exit", () => mine.forEach(removeNamespace));
	ip(["netns", "add", name]);
	mkdirSync(namespaceFolder(name), { recursive: true, mode: 0o700 });
	mine.add(name);
	return name;
}

/**
 * A folder for what belongs to the namespace's processes; it goes when the namespace goes. Its path is short, because
 * that of a Unix socket may have 107 bytes (unix(7)).
 */
export function namespaceFolder(name: string): string {
	return join(tmpdir(), name);
}

/**
 * Ends every process in the namespace and removes it, with its bridges and taps. Synchronous, so that it works while
 * the process exits; does nothing for a namespace that is gone.
 */
export function removeNamespace(name: string): void {
	mine.delete(name);
	if (!namespaces().includes(name)) return;
	try {
		// A process may be forking while it is killed: look again until none is left.
		for (let round = 0; round < 50; round++) {
			const ids = processIds(name);
			if (ids.length === 0) break;
			for (const id of ids) kill(id);
			spawnSync("sleep", ["0.02"]);
		}
		ip(["netns", "delete", name]);
	} catch (error) {
		// Leftovers are everybody's: another run may have removed this one meanwhile.
		if (namespaces().includes(name)) throw error;
	}
	rmSync(namespaceFolder(name), { recursive: true, force: true });
}

/** Removes what runs left behind that could not clean up themselves, and returns the names. */
export function removeLeftovers(): string[] {
	const leftovers = namespaces().filter((name) => name.startsWith(prefix) && !makerLives(name));
	for (const name of leftovers) removeNamespace(name);
	return leftovers;
}

/** The processes in a namespace. */
export function processIds(name: string): number[] {
	return ip(["netns", "pids", name]).split("\n").filter(Boolean).map(Number);
}

/** @throws {NetherdError} `vm.network-failed`. */
export function ip(args: readonly string[]): string {
	return iproute("ip", args);
}

/** @throws {NetherdError} `vm.network-failed`. */
export function iproute(program: "ip" | "tc", args: readonly string[]): string {
	const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
	if (status === 0) return stdout;
	throw new NetherdError(
		"vm.network-failed",
		`${program} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`,
		{
			hint: "virtual machines need root, iproute2 and a kernel with network namespaces, bridge, tun and tbf",
			cause: error,
		},
	);
}

function namespaces(): string[] {
	try {
		return readdirSync("/run/netns");
	} catch {
		return []; // nobody has made a namespace since this host started
	}
}

function makerLives(name: string): boolean {
	const [, id, ticks] = /^netherd-vm-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
	return id !== undefined && startTicks(Number(id)) === ticks;
}

/** When a process started, in clock ticks since the host's boot (proc_pid_stat(5), field 22): tells reused ids apart. */
function startTicks(id: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${id}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
	} catch {
		return undefined;
	}
}

function kill(id: number): void {
	try {
		process.kill(id, "SIGKILL");
	} catch {
		// it ended by itself
	}
}
