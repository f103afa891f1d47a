import { createHash } from "node:crypto";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";

const path = "/etc/machine-id";

export const machineId: Step<Inputs<InitFacts>> = {
	name: "55-machine-id",
	summary: "gives the node a machine ID of its own, the same on every boot",
	keys: [],
	plan: ({ facts }) => {
		const identity = identityOf(facts);
		return [
			{
				kind: "writeFile",
				path,
				mode: "0444",
				// An empty file makes systemd choose an ID at random (machine-id(5), "Initialization").
				content: identity === undefined ? "" : `${formatMachineId(identity.text)}\n`,
				because: identity?.because ?? "neither an SMBIOS UUID nor a MAC address: a new one on every boot",
			},
			// A copy of the image's would be the same on all nodes.
			{ kind: "link", path: "/var/lib/dbus/machine-id", target: path },
		];
	},
};

/**
 * Stable, because DHCP identifiers, the journal and Kubernetes know a machine by it; per node, because two machines with
 * one ID get one lease, and one of two Kubernetes nodes. A hash, because the ID is readable by everyone and the firmware's
 * UUID only by root (machine-id(5)). Laid out as a UUID of version 4, which some programs insist on.
 */
function formatMachineId(identity: string): string {
	const hex = createHash("sha256").update(`netherd machine-id\n${identity}\n`).digest("hex").slice(0, 32);
	const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
	return `${hex.slice(0, 12)}4${hex.slice(13, 16)}${variant}${hex.slice(17)}`;
}

function identityOf({ machineUuid, network }: InitFacts): { text: string; because: string } | undefined {
	if (machineUuid !== undefined && isUnique(machineUuid)) {
		return { text: machineUuid.toLowerCase(), because: "SMBIOS UUID of the machine" };
	}
	if (network.mac === undefined) return undefined;
	return { text: network.mac.toLowerCase(), because: "MAC address of the boot interface" };
}

/** UUIDs that board makers ship on every board of a kind. */
const boilerplate = new Set([
	"03000200-0400-0500-0006-000700080009",
	"00020003-0004-0005-0006-000700080009",
	"12345678-1234-5678-90ab-cddeefaabbcc",
	"01234567-8910-1112-1314-151617181920",
]);

function isUnique(uuid: string): boolean {
	const text = uuid.toLowerCase();
	if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) || boilerplate.has(text)) return false;
	// Not filled in: 0000…, ffff…, fefe….
	return !/^(.{2})\1+$/.test(text.replaceAll("-", ""));
}
