import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { faultyOutput, type StreamFaults } from "./faulty-output.ts";
import type { CleanUp } from "./temporary-folder.ts";

/**
 * The server's side of HTTP, written from RFC 9112 on bare sockets without the agent's codec, so that a mistake there is
 * not repeated here, and so that it can do what no web server would.
 */

/** A GET as it came. */
export interface ReceivedRequest {
	readonly path: string;
	/** Both inclusive; undefined without a Range field. */
	readonly firstByte: number | undefined;
	readonly lastByte: number | undefined;
}

/** What a connection does wrong. Stream positions count from the server's first byte. */
export interface HttpBehaviour extends StreamFaults {
	/** Answers one request; default: {@link rightReply}. Undefined: never. */
	readonly answer?: (request: ReceivedRequest, content: Buffer) => Buffer | undefined;
	/** The connection is closed after this many replies, without a word about it before. */
	readonly closeAfterReplies?: number;
	/** Sent as soon as the connection is there. */
	readonly greeting?: string;
}

export interface FaultyHttpServer {
	readonly url: string;
	readonly port: number;
	/** Connections so far. */
	readonly connections: () => number;
	/** Requests so far, over all connections. */
	readonly requests: readonly ReceivedRequest[];
	/** Cuts all connections and listens no more. */
	stop(): Promise<void>;
}

/**
 * @param behave What the nth connection (from 0) does.
 * @param options.port One that was used before, to come back there.
 */
export async function startFaultyHttpServer(
	content: Buffer,
	behave: (connection: number) => HttpBehaviour,
	cleanUp: CleanUp = onTestFinished,
	options: { readonly port?: number } = {},
): Promise<FaultyHttpServer> {
	const requests: ReceivedRequest[] = [];
	const sockets = new Set<Socket>();
	let connections = 0;
	const server = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket)).on("error", () => {});
		serve(socket, content, behave(connections++), requests);
	});
	server.listen(options.port ?? 0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const stop = async () => {
		for (const socket of sockets) socket.destroy();
		if (!server.listening) return;
		server.close();
		await once(server, "close");
	};
	cleanUp(stop);
	return { url: `http://127.0.0.1:${port}/image`, port, connections: () => connections, requests, stop };
}

function serve(socket: Socket, content: Buffer, behaviour: HttpBehaviour, requests: ReceivedRequest[]): void {
	const send = faultyOutput(socket, behaviour);
	const { answer = rightReply, closeAfterReplies = Infinity } = behaviour;
	let buffered = "";
	let replies = 0;
	if (behaviour.greeting !== undefined) send(Buffer.from(behaviour.greeting));
	socket.on("data", (bytes) => {
		buffered += bytes.toString("latin1");
		for (let end = buffered.indexOf("\r\n\r\n"); end >= 0; end = buffered.indexOf("\r\n\r\n")) {
			const request = parseRequest(buffered.slice(0, end));
			buffered = buffered.slice(end + 4);
			if (replies >= closeAfterReplies) continue;
			replies += 1;
			requests.push(request);
			const reply = answer(request, content);
			if (reply !== undefined) send(reply);
			if (replies >= closeAfterReplies) socket.end();
		}
	});
}

function parseRequest(text: string): ReceivedRequest {
	const path = /^GET (\S+) HTTP\/1\.1\r\n/.exec(text)?.[1];
	if (path === undefined || !/\r\nhost: 127\.0\.0\.1/i.test(text)) throw new Error(`odd request ${text}`);
	const range = /\r\nrange: bytes=(\d+)-(\d+)(\r\n|$)/i.exec(text);
	return {
		path,
		firstByte: range === null ? undefined : Number(range[1]),
		lastByte: range === null ? undefined : Number(range[2]),
	};
}

/** A reply from its parts. Undefined fields are left out; Content-Length is the body's when it is not given. */
export function reply(
	status: string,
	fields: Readonly<Record<string, string | undefined>> = {},
	body: Buffer | string = "",
): Buffer {
	const bytes = Buffer.from(body as string);
	const all = { "Content-Length": String(bytes.length), ...fields };
	const lines = Object.entries(all).flatMap(([name, value]) =>
		value === undefined ? [] : [`${name}: ${value}`],
	);
	return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("\r\n")}\r\n\r\n`), bytes]);
}

/** What a good server answers. @param fields More of them, or others. */
export function rightReply(
	{ firstByte = 0, lastByte = Infinity }: ReceivedRequest,
	content: Buffer,
	fields: Readonly<Record<string, string | undefined>> = {},
): Buffer {
	if (firstByte >= content.length) {
		return reply("416 Range Not Satisfiable", { "Content-Range": `bytes */${content.length}` });
	}
	const last = Math.min(lastByte, content.length - 1);
	const range = `bytes ${firstByte}-${last}/${content.length}`;
	const all = {
		"Content-Type": "application/octet-stream",
		ETag: '"one"',
		"Content-Range": range,
		...fields,
	};
	return reply("206 Partial Content", all, content.subarray(firstByte, last + 1));
}

/** The same with the body in pieces (RFC 9112, 7.1), an extension and a trailer. */
export function chunkedReply(request: ReceivedRequest, content: Buffer, pieceBytes: number): Buffer {
	const whole = rightReply(request, content, { "Content-Length": undefined, "Transfer-Encoding": "chunked" });
	const start = whole.indexOf("\r\n\r\n") + 4;
	const parts = [whole.subarray(0, start)];
	for (let at = start; at < whole.length; at += pieceBytes) {
		const piece = whole.subarray(at, at + pieceBytes);
		parts.push(Buffer.from(`${piece.length.toString(16)};extension="a b"\r\n`), piece, Buffer.from("\r\n"));
	}
	return Buffer.concat([...parts, Buffer.from("0\r\nTrailer-Field: x\r\n\r\n")]);
}
