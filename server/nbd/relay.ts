import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventSink } from "../events.ts";
import { type Exports, type FoundExport, Negotiation } from "./negotiation.ts";

/** A client that has not chosen an export after so long is no client. */
const negotiationTimeoutMs = 30_000;
/** A node that was switched off answers no more; the kernel asks after this silence (tcp(7), TCP_KEEPIDLE). */
const keepAliveMs = 60_000;
/** nbdkit may be on its way up again. */
const connectTimeoutMs = 10_000;
/** About what a Unix socket holds (net.core.wmem_default); larger was not faster. */
const bufferBytes = 256 * 1024;

/**
 * The NBD port that nodes use. Reads each client's negotiation, puts nbdkit's name of the export in the place of the
 * client's, and passes all other bytes on unread. It exists because nbdkit alone cannot do three things at once: several
 * images on one port, names with a slash in them, refusal of all others. It also knows who opened what, which nbdkit does
 * not log.
 *
 * @param nbdkitSocket The Unix socket on which nbdkit listens.
 * @returns A server that does not listen yet.
 */
export function createNbdRelay(nbdkitSocket: string, exports: Exports, emit: EventSink): Server {
	// Half-closed connections mean nothing in NBD: one side gone, both are.
	return createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, (client) => {
		void serve(client, nbdkitSocket, exports, emit);
	});
}

async function serve(client: Socket, nbdkitSocket: string, exports: Exports, emit: EventSink): Promise<void> {
	const address = client.remoteAddress ?? "unknown";
	client.on("error", () => {
		// Reset by the client; "close" follows.
	});
	client.setTimeout(negotiationTimeoutMs, () => client.destroy());

	const server = await connectPatiently(nbdkitSocket, client);
	if (server === undefined || client.destroyed) {
		client.destroy();
		server?.destroy();
		return;
	}
	server.on("error", () => {
		// nbdkit died; "close" follows.
	});
	server.on("close", () => client.destroy());
	client.on("close", () => server.destroy());

	const negotiation = new Negotiation(exports);
	const negotiate = (chunk: Buffer) => {
		for (const step of negotiation.take(chunk)) {
			switch (step.do) {
				case "forward":
					server.write(step.bytes);
					break;
				case "answer":
					client.write(step.bytes);
					break;
				case "note-refusal":
					emit({ event: "nbd.refused", client: address, exportName: step.exportName, reason: step.reason });
					break;
				case "begin-transmission":
					client.off("data", negotiate);
					client.setTimeout(0);
					server.write(step.bytes);
					client.pipe(server);
					client.once("close", exports.begin(step.chosen));
					logConnection(client, server, step.chosen, emit);
					break;
				case "close":
					client.off("data", negotiate);
					client.destroySoon();
					break;
			}
		}
	};
	client.on("data", negotiate);
}

function logConnection(client: Socket, server: Socket, chosen: FoundExport, emit: EventSink): void {
	const address = client.remoteAddress ?? "unknown";
	const openedAtMs = performance.now();
	const negotiationBytes = server.bytesRead;
	const { exportName, image, version } = chosen;
	emit({ event: "nbd.opened", client: address, exportName, image, version });
	client.once("close", () => {
		const durationMs = Math.round(performance.now() - openedAtMs);
		const bytes = server.bytesRead - negotiationBytes;
		emit({ event: "nbd.closed", client: address, exportName, bytes, durationMs });
	});
}

async function connectPatiently(path: string, client: Socket): Promise<Socket | undefined> {
	const until = performance.now() + connectTimeoutMs;
	while (performance.now() < until && !client.destroyed) {
		const socket = await connectToNbdkit(path, client);
		if (socket !== undefined) return socket;
		await sleep(100);
	}
	return undefined;
}

/**
 * Connects, and hands what nbdkit sends to the client. One buffer is used again and again: with `pipe` each 64 KiB would
 * be a new one, which took half of the rate and twice the CPU time.
 *
 * @returns Undefined when nbdkit does not accept connections.
 */
function connectToNbdkit(path: string, client: Socket): Promise<Socket | undefined> {
	return new Promise((resolve) => {
		const socket = connect({
			path,
			onread: {
				buffer: Buffer.allocUnsafe(bufferBytes),
				callback(count, buffer) {
					let isPaused = false;
					client.write(buffer.subarray(0, count), () => {
						if (isPaused) socket.resume();
					});
					// Zero: the kernel has taken all of it, and the buffer is free again.
					isPaused = client.writableLength > 0;
					return !isPaused;
				},
			},
		});
		socket.once("connect", () => resolve(socket));
		socket.once("error", () => resolve(undefined));
	});
}
