import type { Service } from "../service.ts";
import { dnsmasqChild } from "./child.ts";
import { tftpConfiguration } from "./configuration.ts";
import { keepLoaderCopy } from "./loader-copy.ts";

export const tftp: Service = {
	name: "tftp",
	purpose: "boot loaders, for firmware (dnsmasq)",
	listens: () => [{ protocol: "udp", address: "0.0.0.0", port: 69, purpose: "TFTP" }],
	async start(context) {
		const { network, runFolder, tree, emit } = context;
		const loader = keepLoaderCopy(tree.folder, runFolder.loader, emit);
		const configuration = tftpConfiguration(network, runFolder.loader);
		const child = dnsmasqChild("tftp", configuration, ["net_bind_service"], context);
		await child.start().catch((error: unknown) => {
			loader.stop();
			throw error;
		});
		return {
			async stop() {
				loader.stop();
				await child.stop();
			},
			state: () => child.state,
		};
	},
};
