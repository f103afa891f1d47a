import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Authority } from "./certificates.ts";

/** What the API server of a test says about a node; a test changes it while the server runs. */
export interface NodeOfTest {
	labels: Record<string, string>;
	taints: { key: string; value?: string; effect: string }[];
	isReady: boolean;
	message?: string;
	bootId?: string;
}

export interface ApiServerOfTest {
	readonly endpoint: string;
	/** By name; absent: not registered. */
	readonly nodes: Map<string, NodeOfTest>;
	/** `METHOD PATH (user)`, as they came. */
	readonly requests: string[];
	/** Of /readyz. */
	readyStatus: number;
	/** Bootstrap tokens that the cluster knows: its cluster-info is signed with them. */
	tokens: string[];
	/** What a node may not do, as the admission says it. */
	forbid: string | undefined;
	close(): Promise<void>;
}

/** A TLS server that speaks the few calls of the Kubernetes API that a join makes, with client certificates. */
export async function startApiServer(authority: Authority, port = 0): Promise<ApiServerOfTest> {
	const { certificate, key } = authority.server();
	const sockets = new Set<Socket>();
	const server = createServer({
		cert: certificate,
		key,
		ca: authority.certificate,
		requestCert: true,
		rejectUnauthorized: false,
	});
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
	});
	await listen(server, port);
	const api: ApiServerOfTest = {
		endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		nodes: new Map(),
		requests: [],
		readyStatus: 200,
		tokens: [],
		forbid: undefined,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
	server.on("request", async (request, response) => {
		const bearer = api.tokens.find((token) => request.headers.authorization === `Bearer ${token}`);
		const user =
			userOf(request.socket as TLSSocket) ??
			(bearer === undefined ? undefined : `system:bootstrap:${bearer.split(".")[0]}`);
		const path = request.url ?? "";
		api.requests.push(`${request.method} ${path} (${user ?? "anonymous"})`);
		const answer = (status: number, body: object) => {
			response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
		};
		const refuse = (status: number, message: string) =>
			answer(status, { kind: "Status", status: "Failure", message, code: status });
		if (path === "/readyz") return response.writeHead(api.readyStatus).end("ok");
		if (path.endsWith("/configmaps/cluster-info")) {
			return answer(200, clusterInfo(api.tokens, authority.certificate));
		}
		const name = /^\/api\/v1\/nodes\/([^/]+)$/.exec(path)?.[1];
		if (name === undefined) return refuse(404, "the server could not find the requested resource");
		if (user === undefined) return refuse(401, "Unauthorized");
		const isAllowed = user === `system:node:${name}` || (bearer !== undefined && request.method === "GET");
		if (!isAllowed) return refuse(403, `nodes "${name}" is forbidden: User "${user}" cannot get it`);
		const node = api.nodes.get(name);
		if (node === undefined) return refuse(404, `nodes "${name}" not found`);
		if (request.method === "PATCH") {
			let body = "";
			for await (const part of request) body += part;
			if (api.forbid !== undefined) return refuse(403, api.forbid);
			Object.assign(node.labels, (JSON.parse(body) as { metadata: { labels: object } }).metadata.labels);
		}
		answer(200, nodeObject(name, node));
	});
	return api;
}

/** As the controller manager signs it: with each token, a JWS with detached content. */
function clusterInfo(tokens: readonly string[], authority: string): object {
	const data = Buffer.from(authority).toString("base64");
	const kubeconfig = `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${data}\nkind: Config\n`;
	const signatures = tokens.map((token) => {
		const [id = "", secret = ""] = token.split(".");
		const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: id })).toString("base64url");
		const input = `${header}.${Buffer.from(kubeconfig).toString("base64url")}`;
		const signature = createHmac("sha256", secret).update(input).digest("base64url");
		return [`jws-kubeconfig-${id}`, `${header}..${signature}`];
	});
	return { kind: "ConfigMap", data: { kubeconfig, ...Object.fromEntries(signatures) } };
}

/** The name of the client certificate, if it is of the CA. */
function userOf(socket: TLSSocket): string | undefined {
	if (!socket.authorized) return undefined;
	const name = socket.getPeerCertificate().subject?.CN;
	return Array.isArray(name) ? name[0] : name;
}

function nodeObject(name: string, { labels, taints, isReady, message, bootId }: NodeOfTest): object {
	return {
		kind: "Node",
		apiVersion: "v1",
		metadata: { name, labels },
		spec: { taints },
		status: {
			conditions: [
				{ type: "MemoryPressure", status: "False" },
				{
					type: "Ready",
					status: isReady ? "True" : "False",
					message: message ?? "kubelet is posting ready status",
				},
			],
			nodeInfo: { kubeletVersion: "v1.20.2", ...(bootId === undefined ? {} : { bootID: bootId }) },
		},
	};
}

function listen(server: Server, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, "127.0.0.1", resolve);
	});
}
