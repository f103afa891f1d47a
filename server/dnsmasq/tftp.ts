import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { grubFirstScript } from "../http/grub-script.ts";
import type { Service } from "../service.ts";
import { dnsmasqChild } from "./child.ts";
import { tftpConfiguration } from "./configuration.ts";
import { keepLoaderCopy } from "./loader-copy.ts";

export const tftp: Service = {
	name: "tftp",
	purpose: "boot loaders, for firmware (dnsmasq)",
	listens: () => [{ protocol: "udp", address: "0.0.0.0", port: 69, purpose: "TFTP" }],
	async start(context) {
		const { config, network, runFolder, tree, emit } = context;
		const loader = keepLoaderCopy(tree.folder, runFolder.loader, emit);
		const grubFolder = join(runFolder.loader, "grub");
		mkdirSync(grubFolder, { mode: 0o755 });
		writeFileSync(join(grubFolder, "grub.cfg"), grubFirstScript(network.address, config.httpPort));
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
