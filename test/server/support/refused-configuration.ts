import { NetherdError } from "../../../agent/errors.ts";
import { parseConfig } from "../../../server/config/read-config.ts";

export const smallest = "[network]\ninterface = eth0\n[dhcp]\nrange = 10.0.0.100 - 10.0.0.199\n";

export function refusal(text: string): NetherdError {
	try {
		parseConfig(text, "c.ini");
	} catch (error) {
		if (error instanceof NetherdError) return error;
		throw error;
	}
	throw new Error("it was accepted");
}
