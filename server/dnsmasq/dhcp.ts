import type { Listener } from "../ports.ts";
import type { Service } from "../service.ts";
import { dnsmasqChild } from "./child.ts";
import { dhcpConfiguration } from "./configuration.ts";

/** To bind ports below 1024; to bind to an interface and set ARP entries; to ping before it offers an address. */
const capabilities = ["net_bind_service", "net_admin", "net_raw"];

/** Absent with [dhcp] mode = off. */
export const dhcp: Service = {
	name: "dhcp",
	purpose: "addresses and boot files, or boot files beside another DHCP server (dnsmasq)",
	listens({ config }) {
		// DHCP hears broadcasts, so its sockets have no address; they are bound to the interface.
		const server: Listener = { protocol: "udp", address: "0.0.0.0", port: 67, purpose: "DHCP" };
		const boot: Listener = { protocol: "udp", address: "0.0.0.0", port: 4011, purpose: "PXE boot service" };
		switch (config.dhcp.mode) {
			case "server":
				return [server];
			case "proxy":
				return [server, boot];
			case "off":
				return [];
		}
	},
	async start(context) {
		const { config, network } = context;
		if (config.dhcp.mode === "off") return { stop: async () => {} };
		const child = dnsmasqChild("dhcp", dhcpConfiguration(config, network), capabilities, context);
		await child.start();
		return { stop: () => child.stop(), state: () => child.state };
	},
};
