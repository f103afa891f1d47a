import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { EventSink } from "../events.ts";
import { answerRequest, pathOf, type Site } from "./routes.ts";

/** A node that was switched off in the middle of a download reads no more. */
const idleTimeoutMs = 60_000;

/** @returns A server that does not listen yet; it logs every request when it is finished. */
export function createHttpServer(site: Site): Server {
	const server = createServer((request, response) => {
		logWhenFinished(request, response, site.emit);
		void answerRequest(request, response, site);
	});
	server.setTimeout(idleTimeoutMs);
	return server;
}

function logWhenFinished(request: IncomingMessage, response: ServerResponse, emit: EventSink): void {
	const startedAtMs = performance.now();
	const client = request.socket.remoteAddress ?? "unknown";
	const { socket } = request;
	const bytesBefore = socket.bytesWritten;
	response.once("close", () => {
		const sentBytes = socket.bytesWritten - bytesBefore;
		emit({
			event: "http.request",
			client,
			method: request.method ?? "",
			path: pathOf(request),
			status: response.statusCode,
			bytes: response.writableFinished ? bodyBytes(request, response) : sentBytes,
			durationMs: Math.round(performance.now() - startedAtMs),
			complete: response.writableFinished,
		});
	});
}

function bodyBytes(request: IncomingMessage, response: ServerResponse): number {
	return request.method === "HEAD" ? 0 : Number(response.getHeader("Content-Length") ?? 0);
}
