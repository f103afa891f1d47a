import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../../agent/errors.ts";

/** A connection that speaks lines of text. */
export interface LineConnection {
	readonly socket: Socket;
	/** Writes one line; `text` has no line end. */
	send(text: string): void;
}

const patienceMs = 120_000;

/**
 * Connects to a socket that a program is about to make.
 *
 * @param onLine Gets every line that arrives, without its end.
 * @throws {NetherdError} `vm.no-socket` when it does not accept within two minutes.
 */
export async function connectLines(path: string, onLine: (line: string) => void): Promise<LineConnection> {
	const socket = await connectPatiently(path);
	socket.setEncoding("utf8");
	socket.on("error", () => {}); // the machine went away: whoever waits for an answer notices by "close"
	createInterface({ input: socket }).on("line", onLine);
	return { socket, send: (text) => socket.write(`${text}\n`) };
}

async function connectPatiently(path: string): Promise<Socket> {
	const deadline = performance.now() + patienceMs;
	for (;;) {
		const socket = connect(path);
		try {
			await once(socket, "connect");
			return socket;
		} catch (cause) {
			socket.destroy();
			if (performance.now() > deadline) {
				throw new NetherdError("vm.no-socket", `nothing accepts connections at ${path}`, {
					hint: "QEMU did not start: its messages are in qemu.log of the scenario's folder",
					cause,
				});
			}
		}
		await sleep(20);
	}
}
