import { listKeyIds } from "../agent/trust/keys.ts";
import { pinText } from "./boot-choice.ts";
import type { Situation } from "./service.ts";
import { services } from "./services.ts";
import { signingWarnings } from "./signing.ts";

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
	/** Ids of the keys that sign lts.conf as it is served. */
	readonly signingKeys: readonly string[];
	/** What serve would warn of. */
	readonly warnings: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
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
	const { config, network, tree, signingKeys } = situation;
	return {
		ok: true,
		folder: tree.folder,
		interface: network.interfaceName,
		address: network.address,
		dhcp: config.dhcp.mode,
		defaultImage: tree.defaultImage,
		images: tree.imageNames,
		pins: config.pins.map(pinText),
		signingKeys: signingKeys.map(({ publicKey }) => publicKey.id),
		warnings: signingWarnings(situation).map(({ code, message, hint }) => ({ code, message, hint })),
		services: services
			.filter(({ isNeeded }) => isNeeded?.(situation.config) ?? true)
			.map((service) => ({
				name: service.name,
				purpose: service.purpose,
				listens: service
					.listens(situation)
					.map(({ protocol, address, port }) => ({ protocol, address, port })),
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
		...(report.signingKeys.length === 0 ? [] : [`signs lts.conf with ${listKeyIds(report.signingKeys)}`]),
		...report.warnings.map(
			({ code, message, hint }) => `warning: ${message} [${code}]\n  what to do: ${hint}`,
		),
		"would start, in this order:",
		...rows,
		"",
	].join("\n");
}
