import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { confined } from "../confine.ts";
import type { Service } from "../service.ts";
import { listen } from "../service.ts";
import { SupervisedChild } from "../supervised-child.ts";
import { exportFolder } from "./export-folder.ts";
import { createNbdRelay } from "./relay.ts";

/** Reads the images; only the companion itself talks to it. */
export const nbdkit: Service = {
	name: "nbdkit",
	purpose: "serves image files, read-only, to the service nbd",
	isNeeded: ({ nbdPort }) => nbdPort !== undefined,
	listens: () => [],
	async start({ programs, runFolder, emit }) {
		const socket = runFolder.nbdkitSocket;
		const child = new SupervisedChild(
			{
				name: "nbdkit",
				argv: confined(programs.setpriv, [
					programs.nbdkit,
					"--foreground",
					"--readonly",
					// With several threads a connection, nbdkit 1.32 (Debian 12) aborts when a client disappears while they
					// answer it (raw_send_socket: Assertion `sock >= 0'). One was as fast.
					"--threads=1",
					`--unix=${socket}`,
					"file",
					`dir=${runFolder.exports}`,
				]),
				// One that was killed leaves its socket, and the next could not make its own.
				prepare: () => rmSync(socket, { force: true }),
				ready: { socket },
				onLine: (line) => emit({ event: "service.output", service: "nbdkit", line }),
			},
			emit,
		);
		await child.start();
		return { stop: () => child.stop(), state: () => child.state };
	},
};

/** The port that nodes know; see relay.ts for why nbdkit does not listen there itself. */
export const nbd: Service = {
	name: "nbd",
	purpose: "root images, one export per image, several connections per node",
	isNeeded: ({ nbdPort }) => nbdPort !== undefined,
	listens: ({ config: { nbdPort: port }, network: { address } }) =>
		port === undefined ? [] : [{ protocol: "tcp", address, port, purpose: "NBD", key: "[nbd] port" }],
	async start(context) {
		const { tree, settings, runFolder, uses, emit } = context;
		const served = {
			folder: tree.folder,
			get defaultImage() {
				return settings.current.defaultImage;
			},
		};
		const exports = exportFolder(served, runFolder.exports, uses, emit);
		const server = createNbdRelay(runFolder.nbdkitSocket, exports, emit);
		const clients = new Set<Socket>();
		server.on("connection", (client) => {
			clients.add(client);
			client.once("close", () => clients.delete(client));
		});
		for (const listener of nbd.listens(context)) await listen(server, listener, emit);
		return {
			stop: () =>
				new Promise((resolve) => {
					server.close(() => resolve());
					for (const client of clients) client.destroy();
				}),
		};
	},
};
