import { readFile } from "node:fs/promises";
import { BlockList, isIPv6 } from "node:net";
import { NetherdError } from "../../agent/errors.ts";
import { addressNumber } from "../config/values.ts";
import type { Network } from "../network.ts";

/** Where the token of the nodes' cluster is, and who may have it. */
export interface TokenPlace {
	/** Absolute; read for every request, so that a new token needs no restart. */
	readonly file: string | undefined;
	readonly network: Pick<Network, "networkAddress" | "netmask">;
}

/** As kubeadm makes it ("Authenticating with Bootstrap Tokens" of the Kubernetes documentation). */
const tokenPattern = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/**
 * The bootstrap token, for a client of the nodes' own network; nobody else is told whether there is one.
 *
 * @throws {NetherdError} `server.token-refused`, `server.no-token`, `server.token-unreadable`; none holds the file's text.
 */
export async function joinToken({ file, network }: TokenPlace, client: string): Promise<string> {
	if (!isOn(network, client)) {
		throw new NetherdError("server.token-refused", `${client} is not on the nodes' network`, {
			hint: "the token is for nodes that boot here; others get theirs on the control plane",
		});
	}
	if (file === undefined) {
		throw new NetherdError("server.no-token", "this server has no bootstrap token", {
			hint: "set [kubernetes] token-file in its configuration, or KUBEADM_JOIN_TOKEN in lts.conf",
		});
	}
	let text: string;
	try {
		text = (await readFile(file, "utf8")).trim();
	} catch (cause) {
		throw unreadable(`${file} cannot be read`, cause);
	}
	if (!tokenPattern.test(text)) throw unreadable(`${file} does not hold a bootstrap token alone`);
	return text;
}

function unreadable(message: string, cause?: unknown): NetherdError {
	return new NetherdError("server.token-unreadable", message, {
		hint: "write one line into it: kubeadm token create > FILE, on the control plane",
		cause,
	});
}

function isOn({ networkAddress, netmask }: TokenPlace["network"], client: string): boolean {
	const prefixLength = 32 - Math.log2(2 ** 32 - addressNumber(netmask));
	const farm = new BlockList();
	farm.addSubnet(networkAddress, prefixLength, "ipv4");
	return farm.check(client, isIPv6(client) ? "ipv6" : "ipv4");
}
