import { Agent, type RequestOptions, request } from "node:https";
import { SilenceLimit } from "../silence-limit.ts";

/** What an API server answered. */
export interface ApiAnswer {
	readonly status: number;
	readonly body: string;
}

export interface ApiRequest {
	readonly method?: "GET" | "PATCH" | undefined;
	/** `https://HOST:PORT/PATH`. */
	readonly url: string;
	readonly timeoutMs: number;
	readonly body?: string | undefined;
	readonly headers?: Readonly<Record<string, string>> | undefined;
	/** PEM, of the CA; absent: whoever answers will do. */
	readonly authority?: string | undefined;
	/** Absent: a connection for this request alone. */
	readonly connection?: ApiConnection | undefined;
	/** PEM, of the client. */
	readonly certificate?: string | undefined;
	readonly key?: string | undefined;
}

/** A connection that lasts: a TLS handshake takes more time than ten requests. */
export interface ApiConnection extends Disposable {
	readonly agent: Agent;
}

export function keepConnection(): ApiConnection {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	return { agent, [Symbol.dispose]: () => agent.destroy() };
}

/** A Node with many images and volumes is some 100 KiB. */
const maximumBytes = 4 * 1024 ** 2;

/**
 * One request to an API server.
 *
 * @throws {Error} What Node says about the connection, or that there was no answer within the time.
 */
export function apiRequest({
	method = "GET",
	url,
	timeoutMs,
	body,
	connection,
	...rest
}: ApiRequest): Promise<ApiAnswer> {
	const options: RequestOptions = {
		method,
		agent: connection?.agent ?? false,
		headers: { accept: "application/json", ...rest.headers },
		// No authority at all, or Node would read its list of public ones.
		...(rest.authority === undefined ? { rejectUnauthorized: false, ca: [] } : { ca: rest.authority }),
		...(rest.certificate === undefined ? {} : { cert: rest.certificate, key: rest.key }),
	};
	return new Promise((resolve, reject) => {
		const limit = new SilenceLimit(timeoutMs, () => {
			sent.destroy(Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: "ETIMEDOUT" }));
		}).start();
		const sent = request(url, options, (response) => {
			const parts: Buffer[] = [];
			let sizeBytes = 0;
			response.on("data", (part: Buffer) => {
				parts.push(part);
				sizeBytes += part.length;
				if (sizeBytes > maximumBytes) response.destroy(new Error("the answer is too large"));
			});
			response.on("error", reject);
			response.on("end", () =>
				resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
			);
		});
		sent.on("error", reject);
		sent.on("close", () => limit.stop());
		sent.end(body);
	});
}

/** Why there was no answer, in words for people. */
export function connectionProblem(error: unknown): string {
	const { code, message } = error as Error & { code?: string };
	switch (code) {
		case "ECONNREFUSED":
			return "connection refused";
		case "EHOSTUNREACH":
		case "ENETUNREACH":
			return "no way through the network";
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return "the name has no address";
		case "ECONNRESET":
		case "EPIPE":
			return "the connection was closed";
		case "CERT_NOT_YET_VALID":
			return "its certificate is not valid yet: is the node's clock behind?";
		case "CERT_HAS_EXPIRED":
			return "its certificate has ended, or the node's clock is ahead";
		case "ERR_TLS_CERT_ALTNAME_INVALID":
			return "its certificate is for other names";
		case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
		case "SELF_SIGNED_CERT_IN_CHAIN":
		case "DEPTH_ZERO_SELF_SIGNED_CERT":
		case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
			return "its certificate is of another CA";
		case "EPROTO":
		case "ERR_SSL_WRONG_VERSION_NUMBER":
		case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
		case "HPE_INVALID_CONSTANT":
			return "what listens there does not speak TLS";
		default:
			return message;
	}
}
