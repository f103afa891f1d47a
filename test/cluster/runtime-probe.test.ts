import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isDocker, lookAtRuntime } from "../../agent/cluster/runtime-probe.ts";
import { startRuntime } from "./support/container-runtime.ts";

const timeoutMs = 10_000;
let folder: string;
const closing: (() => Promise<void> | void)[] = [];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-runtime-"));
});
afterEach(async () => {
	for (const close of closing.splice(0)) await close();
	rmSync(folder, { recursive: true, force: true });
});

async function listening<Any extends Pick<Server, "listen" | "close">>(
	server: Any,
	socket: string,
): Promise<void> {
	await new Promise<void>((resolve) => server.listen(socket, resolve));
	closing.push(() => void server.close());
}

test("says what answers", async () => {
	const socket = join(folder, "containerd.sock");
	const runtime = await startRuntime(socket);
	closing.push(() => runtime.close());
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({ answers: true, what: "containerd 1.6.20~ds1" });
	expect(runtime.calls).toEqual(["/runtime.v1.RuntimeService/Version"]);
});

test("an old one is asked in its own version of CRI", async () => {
	const socket = join(folder, "containerd.sock");
	const runtime = await startRuntime(socket, ["runtime.v1alpha2"]);
	closing.push(() => runtime.close());
	expect((await lookAtRuntime(socket, timeoutMs)).answers).toBe(true);
	expect(runtime.calls).toHaveLength(2);
});

test("one without CRI, with what to look at", async () => {
	const socket = join(folder, "containerd.sock");
	const runtime = await startRuntime(socket, []);
	closing.push(() => runtime.close());
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({
		answers: false,
		why: expect.stringMatching(/disabled_plugins.*overlay/),
	});
});

test("its own words when it has trouble", async () => {
	const socket = join(folder, "crio.sock");
	const server = createHttp2Server();
	server.on("stream", (stream: ServerHttp2Stream) =>
		stream.respond(
			{ ":status": 200, "grpc-status": "14", "grpc-message": encodeURIComponent("not initialized: 100 %") },
			{ endStream: true },
		),
	);
	await listening(server, socket);
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({
		answers: false,
		why: "it says not initialized: 100 %",
	});
});

test("a message that is not encoded as gRPC asks for", async () => {
	const socket = join(folder, "crio.sock");
	const server = createHttp2Server();
	server.on("stream", (stream: ServerHttp2Stream) =>
		stream.respond({ ":status": 200, "grpc-status": "14", "grpc-message": "100 %" }, { endStream: true }),
	);
	await listening(server, socket);
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({ answers: false, why: "it says 100 %" });
});

test("silence", async () => {
	const socket = join(folder, "containerd.sock");
	await listening(createServer(), socket);
	expect(await lookAtRuntime(socket, 100)).toEqual({ answers: false, why: "no answer within 0.1 s" });
});

test("no socket, a folder, somebody else", async () => {
	expect(await lookAtRuntime(join(folder, "none"), timeoutMs)).toEqual({
		answers: false,
		why: "there is no such socket",
	});
	mkdirSync(join(folder, "folder"));
	expect(await lookAtRuntime(join(folder, "folder"), timeoutMs)).toEqual({
		answers: false,
		why: "nobody listens there",
	});
	const socket = join(folder, "other");
	await listening(
		createServer(
			(connection) =>
				void connection
					.on("error", () => undefined)
					.resume()
					.end("220 hello\r\n".repeat(9)),
		),
		socket,
	);
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({
		answers: false,
		why: "what listens there does not speak gRPC",
	});
});

test("Docker's own socket speaks HTTP", async () => {
	const socket = join(folder, "docker.sock");
	expect(isDocker(socket)).toBe(true);
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({ answers: false, why: "there is no such socket" });
	const server = createHttpServer((request, response) =>
		response.writeHead(request.url === "/_ping" ? 200 : 404, { server: "Docker/20.10.24 (linux)" }).end("OK"),
	);
	await listening(server, socket);
	expect(await lookAtRuntime(socket, timeoutMs)).toEqual({ answers: true, what: "Docker 20.10.24" });
});
