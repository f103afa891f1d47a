import { pinText } from "./boot-choice.ts";
import type { Situation } from "./service.ts";
import { services } from "./services.ts";

/** What `companion check` finds, as data: the JSON that it prints. */
export interface CheckReport {
	readonly ok: true;
	readonly folder: string;
	readonly interface: string;
	readonly address: string;
	readonly dhcp: string;
	readonly defaultImage: string;
	readonly images: readonly string[];
	/** As the configuration has them; each names what is there. */
	readonly pins: readonly string[];
	/** In the order of the start. */
	readonly services: readonly {
		readonly name: string;
		readonly purpose: string;
		readonly listens: readonly {
			readonly protocol: string;
			readonly address: string;
			readonly port: number;
		}[];
	}[];
}

export function checkReport(situation: Situation): CheckReport {
	const { config, network, tree } = situation;
	return {
		ok: true,
		folder: tree.folder,
		interface: network.interfaceName,
		address: network.address,
		dhcp: config.dhcp.mode,
		defaultImage: tree.defaultImage,
		images: tree.imageNames,
		pins: config.pins.map(pinText),
		services: services.map((service) => ({
			name: service.name,
			purpose: service.purpose,
			listens: service.listens(situation).map(({ protocol, address, port }) => ({ protocol, address, port })),
		})),
	};
}

/** The report for people. */
export function checkText(report: CheckReport): string {
	const rows = report.services.map(({ name, purpose, listens }) => {
		const sockets = listens.map(({ protocol, address, port }) => `${protocol} ${address}:${port}`).join(", ");
		return `  ${name.padEnd(9)}${(sockets === "" ? "-" : sockets).padEnd(44)}${purpose}`;
	});
	return [
		`${report.folder} on ${report.interface} (${report.address}), DHCP ${report.dhcp}`,
		`images: ${report.images.map((name) => (name === report.defaultImage ? `${name} (default)` : name)).join(", ")}`,
		...report.pins,
		"would start, in this order:",
		...rows,
		"",
	].join("\n");
}
