import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What is at a path; a function is asked for each request, undefined means 404. */
export type ServedFiles = Record<string, string | Buffer | (() => string | Buffer | undefined)>;

/** Serves files over HTTP on loopback until the test ends. */
export async function serveFiles(files: ServedFiles): Promise<{ url: string; requests: string[] }> {
	const requests: string[] = [];
	const server = createServer((request, response) => {
		const path = request.url ?? "";
		requests.push(path);
		const file = files[path];
		const content = typeof file === "function" ? file() : file;
		if (content === undefined) response.writeHead(404).end("not here\n");
		else response.end(content);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
