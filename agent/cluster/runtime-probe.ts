import { get } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** What a look at something found: it answers (`what` it is), or it does not, and why, in words for people. */
export type Look =
	| { readonly answers: true; readonly what: string }
	| { readonly answers: false; readonly why: string };

/** gRPC's code for a service that the server does not have (https://grpc.io/docs/guides/status-codes/). */
const unimplemented = "12";
/** A message of no bytes: flag, length (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const emptyMessage = Buffer.alloc(5);
const apiVersions = ["runtime.v1", "runtime.v1alpha2"] as const;

/**
 * Looks whether anybody listens at a socket: a container runtime listens when it is ready to serve. Whether it serves what
 * kubeadm wants is kubeadm's to find out; where it says no, {@link lookAtRuntime} finds out why. Never throws.
 */
export function lookAtSocket(path: string, timeoutMs: number): Promise<Look> {
	return new Promise((resolve) => {
		const socket = connect(path);
		const done = (look: Look) => {
			clearTimeout(timer);
			socket.destroy();
			resolve(look);
		};
		const timer = setTimeout(
			() => done({ answers: false, why: `no answer within ${timeoutMs / 1000} s` }),
			timeoutMs,
		);
		socket.once("connect", () => done({ answers: true, what: "a container runtime" }));
		socket.once("error", (error) => done({ answers: false, why: reasonOf(error) }));
	});
}

/**
 * Asks a container runtime for its version: gRPC over its Unix socket, as kubelet and crictl do; Docker's own socket
 * speaks HTTP. Never throws.
 */
export async function lookAtRuntime(socket: string, timeoutMs: number): Promise<Look> {
	if (isDocker(socket)) return await pingDocker(socket, timeoutMs);
	for (const version of apiVersions) {
		const answer = await askVersion(socket, version, timeoutMs);
		if ("why" in answer) return { answers: false, why: answer.why };
		if (answer.status === "0") return { answers: true, what: describe(answer.message) };
		if (answer.status !== unimplemented) {
			return { answers: false, why: `it says ${answer.text || `gRPC status ${answer.status}`}` };
		}
	}
	return {
		answers: false,
		why: "it runs without CRI: cri is in disabled_plugins of its configuration, or /var/lib/containerd lies on an overlay",
	};
}

/** Up to Kubernetes 1.23 the kubelet talks to Docker itself. */
export function isDocker(socket: string): boolean {
	return socket.endsWith("/docker.sock");
}

/** https://docs.docker.com/reference/api/engine/, SystemPing. */
function pingDocker(socketPath: string, timeoutMs: number): Promise<Look> {
	return new Promise((resolve) => {
		const signal = AbortSignal.timeout(timeoutMs);
		const sent = get({ socketPath, path: "/_ping", agent: false, signal }, (response) => {
			response.resume();
			const { statusCode = 0, headers } = response;
			const version = /^Docker\/(\S+)/.exec(headers.server?.toString() ?? "")?.[1] ?? "";
			resolve(
				statusCode === 200
					? { answers: true, what: `Docker ${version}`.trim() }
					: { answers: false, why: `it says ${statusCode}` },
			);
		});
		sent.on("error", (error) => {
			const why = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
			resolve({ answers: false, why });
		});
	});
}

type Answer =
	| { readonly why: string }
	| { readonly status: string; readonly text: string; readonly message: Buffer };

function askVersion(socket: string, version: string, timeoutMs: number): Promise<Answer> {
	return new Promise((resolve) => {
		const session = connectHttp2("http://localhost", { createConnection: () => connect(socket) });
		const done = (answer: Answer) => {
			clearTimeout(timer);
			session.destroy();
			resolve(answer);
		};
		const timer = setTimeout(() => done({ why: `no answer within ${timeoutMs / 1000} s` }), timeoutMs);
		session.on("error", (error) => done({ why: reasonOf(error) }));
		session.on("close", () => done({ why: "it closed the connection" }));
		const stream = session.request({
			":method": "POST",
			":path": `/${version}.RuntimeService/Version`,
			"content-type": "application/grpc",
			te: "trailers",
		});
		const parts: Buffer[] = [];
		let status: string | undefined;
		let text = "";
		const take = (headers: Readonly<Record<string, string | string[] | number | undefined>>) => {
			status = headers["grpc-status"]?.toString() ?? status;
			text = decode(headers["grpc-message"]?.toString() ?? text);
		};
		stream.on("response", take);
		stream.on("trailers", take);
		stream.on("data", (part: Buffer) => parts.push(part));
		stream.on("error", (error) => done({ why: reasonOf(error) }));
		stream.on("close", () =>
			done(
				status === undefined
					? { why: "what listens there does not speak gRPC" }
					: { status, text, message: Buffer.concat(parts).subarray(emptyMessage.length) },
			),
		);
		stream.end(emptyMessage);
	});
}

/** gRPC's messages are percent-encoded; one that is not is taken as it is. */
function decode(message: string): string {
	try {
		return decodeURIComponent(message);
	} catch {
		return message;
	}
}

/** VersionResponse of the CRI: strings with the field numbers 2, runtime_name, and 3, runtime_version. */
function describe(message: Buffer): string {
	const fields = new Map<number, string>();
	for (let at = 0; at + 1 < message.length; ) {
		const tag = message[at] ?? 0;
		const length = message[at + 1] ?? 0;
		// Anything but a short string ends the reading: this is for display only.
		if ((tag & 7) !== 2 || length > 127) break;
		fields.set(tag >> 3, message.toString("utf8", at + 2, at + 2 + length));
		at += 2 + length;
	}
	return (
		[fields.get(2), fields.get(3)].filter((text) => text !== undefined).join(" ") || "a container runtime"
	);
}

function reasonOf(error: Error & { code?: string }): string {
	// A call that was waiting for the connection only says that it was called off.
	if (error.cause instanceof Error) return reasonOf(error.cause);
	switch (error.code) {
		case "ENOENT":
			return "there is no such socket";
		case "ECONNREFUSED":
			return "nobody listens there";
		case "ECONNRESET":
		case "EPIPE":
			return "it closed the connection";
		case "ERR_HTTP2_ERROR":
		case "ERR_HTTP2_SESSION_ERROR":
			return "what listens there does not speak gRPC";
		default:
			return error.message;
	}
}
