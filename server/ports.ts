import { NetherdError } from "../agent/errors.ts";
import { outputOf } from "./run-program.ts";

/** One socket that the companion or a child of it listens on. */
export interface Listener {
	readonly protocol: "tcp" | "udp";
	readonly address: string;
	readonly port: number;
	/** What is behind it, for people. */
	readonly purpose: string;
	/** The key that moves it, if one does. */
	readonly key?: string;
}

/**
 * Checks that nobody else holds these ports. It reads the kernel's table instead of binding: another DHCP server bound
 * to another interface (libvirt's, say) is no obstacle, though a trial bind would fail.
 *
 * @param ss Path of iproute2's ss.
 * @throws {NetherdError} `server.port-taken`
 */
export async function checkPorts(
	listeners: readonly Listener[],
	interfaceName: string,
	ss: string,
): Promise<void> {
	const table = await outputOf(ss, ["-H", "-l", "-n", "-p", "-t", "-u"]);
	const sockets = parseSockets(table);
	for (const listener of listeners) {
		const socket = sockets.find((candidate) => isInTheWay(candidate, listener, interfaceName));
		if (socket !== undefined) throw portTaken(listener, socket);
	}
}

export interface ListeningSocket {
	readonly protocol: string;
	readonly address: string;
	/** The only interface that it hears, if it is bound to one. */
	readonly interfaceName: string | undefined;
	readonly port: number;
	/** `name, process 123`; undefined when the kernel does not tell (another user's, without root). */
	readonly owner: string | undefined;
}

/** Reads what `ss -H -l -n -p -t -u` prints: netid, state, two queues, local address, peer, process. */
export function parseSockets(table: string): ListeningSocket[] {
	return table.split("\n").flatMap((line) => {
		const [protocol = "", , , , local = "", , process = ""] = line.trim().split(/\s+/);
		const found = /^(.*?)(?:%([^%:]+))?:(\d+)$/.exec(local);
		if (found === null) return [];
		const [, address = "", interfaceName, port = ""] = found;
		const [, name, pid] = /"([^"]*)",pid=(\d+)/.exec(process) ?? [];
		return [
			{
				protocol,
				address: address.replace(/^\[|\]$/g, ""),
				interfaceName,
				port: Number(port),
				owner: name === undefined ? undefined : `${name}, process ${pid}`,
			},
		];
	});
}

function isInTheWay(socket: ListeningSocket, listener: Listener, interfaceName: string): boolean {
	if (socket.protocol !== listener.protocol || socket.port !== listener.port) return false;
	if (socket.interfaceName !== undefined && socket.interfaceName !== interfaceName) return false;
	const wildcards = ["0.0.0.0", "*", "::"];
	return (
		[...wildcards, listener.address, `::ffff:${listener.address}`].includes(socket.address) ||
		wildcards.includes(listener.address)
	);
}

export function portTaken(listener: Listener, socket?: ListeningSocket): NetherdError {
	const { protocol, address, port, purpose, key } = listener;
	const owner = socket === undefined ? "another program" : (socket.owner ?? "a program of another user");
	return new NetherdError(
		"server.port-taken",
		`${protocol.toUpperCase()} port ${port} on ${address} (${purpose}) is taken by ${owner}`,
		{
			hint:
				key === undefined
					? "stop that program; this port cannot be changed, nodes ask for it by its number"
					: `stop that program, or choose another port with ${key}`,
		},
	);
}
