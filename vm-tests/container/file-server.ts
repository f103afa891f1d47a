import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** The files of a folder over HTTP on loopback, as long as it is not disposed. */
export class FileServer implements AsyncDisposable {
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
	}

	static async start(folder: string): Promise<FileServer> {
		const server = createServer((request, response) => {
			const file = join(folder, normalize(decodeURI(request.url ?? "/")));
			const status = statSync(file, { throwIfNoEntry: false });
			if (status?.isFile() !== true) {
				response.writeHead(404).end();
				return;
			}
			response.writeHead(200, { "Content-Length": status.size });
			if (request.method === "HEAD") response.end();
			else createReadStream(file).pipe(response);
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return new FileServer(server);
	}

	/** Ends in a slash. */
	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, "close");
	}
}
