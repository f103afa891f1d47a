import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";

/*
 * STAND-IN for a cluster's API server, for the boots whose kubeadm is a stand-in, too: every node that asks with a client
 * certificate is Ready. Run it as: node stand-in-api-server.ts ADDRESS PORT CERTIFICATE KEY
 */

const [address = "", port = "", certificate = "", key = ""] = process.argv.slice(2);

const server = createServer(
	{ cert: readFileSync(certificate), key: readFileSync(key), requestCert: true, rejectUnauthorized: false },
	(request, response) => {
		const answer = (status: number, body: object) =>
			response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
		const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "nobody";
		process.stdout.write(`${request.method} ${request.url} ${name}\n`);
		if (request.url === "/readyz") return answer(200, {});
		if (`/api/v1/nodes/${String(name).replace(/^system:node:/, "")}` !== request.url) {
			return answer(403, { kind: "Status", code: 403, message: "not the node's own" });
		}
		request.resume();
		return answer(200, {
			kind: "Node",
			metadata: { labels: {} },
			spec: {},
			status: { conditions: [{ type: "Ready", status: "True" }] },
		});
	},
);
server.listen(Number(port), address, () => process.stdout.write("listening\n"));
