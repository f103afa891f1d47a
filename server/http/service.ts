import type { Service } from "../service.ts";
import { listen } from "../service.ts";
import { createHttpServer } from "./http-server.ts";

export const http: Service = {
	name: "http",
	purpose: "boot script, kernel, initramfs, lts.conf, images; takes nodes' events",
	listens: ({ config, network }) => [
		{
			protocol: "tcp",
			address: network.address,
			port: config.httpPort,
			purpose: "HTTP",
			key: "[http] port",
		},
	],
	async start(context) {
		const { config, network, tree, signingKeys, emit, settings, uses, health } = context;
		const server = createHttpServer({
			folder: tree.folder,
			settings,
			uses,
			address: network.address,
			httpPort: config.httpPort,
			nbdPort: config.nbdPort,
			token: { file: config.tokenFile, network },
			signingKeys,
			emit,
			health,
		});
		for (const listener of http.listens(context)) await listen(server, listener, emit);
		return {
			stop: () =>
				new Promise((resolve) => {
					server.close(() => resolve());
					server.closeAllConnections();
				}),
		};
	},
};
