import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { faultyOutput, type StreamFaults } from "./faulty-output.ts";
import { decodeNbdInput, type ReadRequest, serverMessage } from "./nbd-server-messages.ts";
import type { CleanUp } from "./temporary-folder.ts";

/** What a connection does wrong. Stream positions count from the server's first byte; it trickles after the handshake. */
export interface Behaviour extends StreamFaults {
	/** Export size to tell, if not the content's. */
	readonly sizeBytes?: number;
	/** Sent instead of speaking NBD; then the connection is closed, or held open. */
	readonly sayInstead?: { readonly text: string; readonly close: boolean };
	/** Structured replies are refused (the server of old days) unless true. */
	readonly structured?: boolean;
	/** NBD_OPT_GO is unknown. */
	readonly withoutGo?: boolean;
	/** The export is unknown, and what follows instead of a list. */
	readonly unknownExport?: "close" | "silence";
	/** Answers one read; default: what is right. `content` is the whole image. */
	readonly answer?: (request: ReadRequest, content: Buffer, structured: boolean) => Buffer | undefined;
	/** Collects up to this many requests before it answers them, the last one first. */
	readonly reverseBatch?: number;
}

export interface FaultyServer {
	readonly host: string;
	readonly port: number;
	/** Connections so far. */
	readonly connections: () => number;
	/** Reads so far, over all connections. */
	readonly reads: readonly ReadRequest[];
	/** Cuts all connections and listens no more. Called by itself when the test ends. */
	stop(): Promise<void>;
	/** Listens again, on the same port. */
	restart(): Promise<void>;
}

/** @param behave What the nth connection (from 0) does. */
export async function startFaultyServer(
	content: Buffer,
	behave: (connection: number) => Behaviour,
	cleanUp: CleanUp = onTestFinished,
): Promise<FaultyServer> {
	const reads: ReadRequest[] = [];
	const sockets = new Set<Socket>();
	let connections = 0;
	const server = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket)).on("error", () => {});
		serve(socket, content, behave(connections++), reads);
	});
	const listen = async (at: number) => {
		server.listen(at, "127.0.0.1");
		await once(server, "listening");
	};
	const stop = async () => {
		for (const socket of sockets) socket.destroy();
		if (!server.listening) return;
		server.close();
		await once(server, "close");
	};
	await listen(0);
	cleanUp(stop);
	const { port } = server.address() as AddressInfo;
	const restart = () => listen(port);
	return { host: "127.0.0.1", port, connections: () => connections, reads, stop, restart };
}

function serve(socket: Socket, content: Buffer, behaviour: Behaviour, reads: ReadRequest[]): void {
	const send = faultyOutput(socket, {
		...behaviour,
		...(behaviour.trickle && { trickle: { afterBytes: handshakeBytes, ...behaviour.trickle } }),
	});
	if (behaviour.sayInstead !== undefined) {
		socket.write(behaviour.sayInstead.text);
		if (behaviour.sayInstead.close) socket.end();
		socket.resume();
		return;
	}
	let structured = false;
	let batch: ReadRequest[] = [];
	let flushTimer: NodeJS.Timeout | undefined;
	const answer = behaviour.answer ?? rightAnswer;
	function flush(): void {
		for (const each of batch.reverse()) {
			const reply = answer(each, content, structured);
			if (reply !== undefined) send(reply);
		}
		batch = [];
	}
	send(serverMessage.greeting());
	const receive = decodeNbdInput({
		option(type) {
			if (type === "structured-reply") {
				structured = behaviour.structured === true;
				send(serverMessage.optionReply(8, structured ? 1 : 0x8000_0001));
			} else if (type === "go" && behaviour.unknownExport !== undefined) {
				send(serverMessage.optionReply(7, 0x8000_0006));
			} else if (type === "list" && behaviour.unknownExport === "close") {
				socket.end();
			} else if (type === "go" && behaviour.withoutGo) {
				send(serverMessage.optionReply(7, 0x8000_0001));
			} else if (type === "go") {
				send(serverMessage.exportInfo(behaviour.sizeBytes ?? content.length));
				send(serverMessage.optionReply(7, 1));
			} else if (type === "export-name") {
				send(serverMessage.exportName(behaviour.sizeBytes ?? content.length));
			}
		},
		read(request) {
			reads.push(request);
			batch.push(request);
			clearTimeout(flushTimer);
			if (batch.length >= (behaviour.reverseBatch ?? 1)) flush();
			else flushTimer = setTimeout(flush, 50);
		},
		disconnect: () => socket.end(),
	});
	socket.on("data", receive);
}

function rightAnswer(request: ReadRequest, content: Buffer, structured: boolean): Buffer {
	const data = content.subarray(request.offsetBytes, request.offsetBytes + request.lengthBytes);
	return structured
		? serverMessage.dataChunk(request.handle, request.offsetBytes, data, true)
		: serverMessage.simpleReply(request.handle, 0, data);
}

/** What this server sends before the first reply, when it does not know structured replies. */
export const handshakeBytes = 18 + 20 + (20 + 12) + 20;
