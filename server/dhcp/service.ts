import { confined } from "../confine.ts";
import type { Listener } from "../ports.ts";
import type { Service, Situation } from "../service.ts";
import { SupervisedChild } from "../supervised-child.ts";
import { dnsmasqConfiguration } from "./dnsmasq-configuration.ts";
import { createDnsmasqReader } from "./dnsmasq-events.ts";
import { keepLoaderCopy } from "./loader-copy.ts";

/** To bind ports below 1024, to bind to an interface and set ARP entries, to ping before it offers an address. */
const capabilities = ["net_bind_service", "net_admin", "net_raw"];

export const dnsmasq: Service = {
	name: "dnsmasq",
	purpose: "DHCP or proxy DHCP, boot loaders by TFTP",
	listens: listeners,
	async start({ config, network, programs, runFolder, tree, emit }) {
		const loader = keepLoaderCopy(tree.folder, runFolder.loader, emit);
		const read = createDnsmasqReader();
		const child = new SupervisedChild(
			{
				name: "dnsmasq",
				argv: confined(
					programs.setpriv,
					[programs.dnsmasq, "--keep-in-foreground", "--log-facility=-", "--conf-file=-"],
					{ capabilities },
				),
				input: dnsmasqConfiguration(config, network, runFolder.loader),
				ready: { line: /^dnsmasq\[\d+\]: started, / },
				onLine(line) {
					emit({ event: "service.output", service: "dnsmasq", line });
					const event = read(line);
					if (event !== undefined) emit(event);
				},
			},
			emit,
		);
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

function listeners({ config, network }: Pick<Situation, "config" | "network">): Listener[] {
	const tftp: Listener = { protocol: "udp", address: network.address, port: 69, purpose: "TFTP" };
	// DHCP hears broadcasts, so its sockets have no address; they are bound to the interface.
	const dhcp: Listener = { protocol: "udp", address: "0.0.0.0", port: 67, purpose: "DHCP" };
	const proxy: Listener = { protocol: "udp", address: "0.0.0.0", port: 4011, purpose: "PXE boot service" };
	switch (config.dhcp.mode) {
		case "server":
			return [tftp, dhcp];
		case "proxy":
			return [tftp, dhcp, proxy];
		case "off":
			return [tftp];
	}
}
