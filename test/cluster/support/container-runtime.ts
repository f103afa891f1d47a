import { createServer, type Http2Session, type ServerHttp2Stream } from "node:http2";

export interface RuntimeOfTest {
	/** `PATH` of each call, as they came. */
	readonly calls: string[];
	close(): Promise<void>;
}

/**
 * A gRPC server on a Unix socket that speaks Version of the CRI.
 *
 * @param apiVersions Those that it has, such as `runtime.v1`; none is a containerd without its CRI plugin.
 */
export async function startRuntime(
	socket: string,
	apiVersions: readonly string[] = ["runtime.v1", "runtime.v1alpha2"],
): Promise<RuntimeOfTest> {
	const calls: string[] = [];
	const sessions = new Set<Http2Session>();
	const server = createServer();
	server.on("session", (session) => sessions.add(session));
	server.on("stream", (stream: ServerHttp2Stream, headers) => {
		const path = headers[":path"] ?? "";
		calls.push(path);
		const isKnown = apiVersions.some((version) => path === `/${version}.RuntimeService/Version`);
		const reply = { ":status": 200, "content-type": "application/grpc" };
		if (!isKnown) {
			const why = encodeURIComponent(`unknown service ${path.split("/")[1]}`);
			stream.respond({ ...reply, "grpc-status": "12", "grpc-message": why }, { endStream: true });
			return;
		}
		stream.respond(reply, { waitForTrailers: true });
		stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
		stream.end(
			grpcMessage([field(1, "0.1.0"), field(2, "containerd"), field(3, "1.6.20~ds1"), field(4, "v1")]),
		);
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(socket, resolve);
	});
	return {
		calls,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const session of sessions) session.destroy();
			}),
	};
}

/** A string of a protocol buffer (https://protobuf.dev/programming-guides/encoding/). */
function field(number: number, text: string): Buffer {
	return Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);
}

function grpcMessage(fields: readonly Buffer[]): Buffer {
	const message = Buffer.concat(fields);
	const head = Buffer.alloc(5);
	head.writeUInt32BE(message.length, 1);
	return Buffer.concat([head, message]);
}
