import { readFileSync } from "node:fs";
import { NetherdError } from "../agent/errors.ts";

/** What the companion needs beyond an ordinary user: bits of CapEff (linux/capability.h), and what for. */
const needed = [
	{ bit: 5, name: "CAP_KILL", purpose: "stop its children" },
	{ bit: 6, name: "CAP_SETGID", purpose: "run dnsmasq as nobody" },
	{ bit: 7, name: "CAP_SETUID", purpose: "run dnsmasq as nobody" },
	{ bit: 8, name: "CAP_SETPCAP", purpose: "take privileges from dnsmasq" },
	{ bit: 10, name: "CAP_NET_BIND_SERVICE", purpose: "TFTP, DHCP, HTTP on ports below 1024" },
	{ bit: 12, name: "CAP_NET_ADMIN", purpose: "DHCP on one interface" },
	{ bit: 13, name: "CAP_NET_RAW", purpose: "check that an address is free before offering it" },
] as const;

/**
 * @param status Text of /proc/self/status.
 * @throws {NetherdError} `server.privileges-missing`
 */
export function checkPrivileges(status = readFileSync("/proc/self/status", "utf8")): void {
	const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
	const missing = needed.filter(({ bit }) => (effective & (1n << BigInt(bit))) === 0n);
	if (missing.length === 0) return;
	const list = missing.map(({ name, purpose }) => `${name} (${purpose})`).join(", ");
	throw new NetherdError("server.privileges-missing", `the companion lacks privileges: ${list}`, {
		hint: "start it as root; in a container, as root with --cap-add=NET_ADMIN",
	});
}
