import { posix } from "node:path";
import { isHost, isIpv4, isIpv6, type Reading, readList } from "./values.ts";

/** Where an API server answers. */
export interface Endpoint {
	/** Name or address, without brackets. */
	readonly host: string;
	readonly port: number;
}

/** Reads `HOST:PORT` or `[IPV6]:PORT`, as `apiServerEndpoint` of kubeadm takes it. */
export function readEndpoint(text: string): Reading<Endpoint> {
	const [, ipv6, plain, digits] = /^(?:\[([^\]]*)\]|([^:\s/[\]]+)):(\d{1,5})$/.exec(text) ?? [];
	const host = ipv6 ?? plain ?? "";
	const port = Number(digits);
	const isGood = port >= 1 && port <= 65535 && (ipv6 === undefined ? isHost(host) : isIpv6(host));
	if (isGood) return { value: { host, port } };
	return {
		problem: /^https?:/.test(text)
			? "is not HOST:PORT; leave out https:// and what follows the port"
			: "is not HOST:PORT; an IPv6 address stands in brackets: [2001:db8::5]:6443",
	};
}

/**
 * Reads the socket of a container runtime, `unix:///run/…` or the path alone, to its absolute path. kubeadm has taken both
 * up to 1.23, and wants the first since.
 */
export function readCriSocket(text: string): Reading<string> {
	const path = text.replace(/^unix:\/\//, "");
	if (path.endsWith("/dockershim.sock")) {
		return {
			problem: "no socket of a container runtime; without the key, kubeadm up to 1.23 finds Docker itself",
		};
	}
	const plain = readPath(path);
	if ("value" in plain) return plain;
	return { problem: "not a socket: unix:///run/containerd/containerd.sock, or the path alone" };
}

/** Reads an absolute path without `.`, `..` and empty parts. */
export function readPath(text: string): Reading<string> {
	if (!text.startsWith("/") || text.includes("\0")) return { problem: "not an absolute path" };
	const plain = posix.normalize(text).replace(/(.)\/$/, "$1");
	const isPlain = plain === text.replace(/(.)\/$/, "$1");
	return isPlain ? { value: plain } : { problem: "the path has .., . or empty parts" };
}

/**
 * Reads the addresses of `--node-ip`: one, or one of each family. The kubelet refuses those that no other node could
 * reach; `::` and `0.0.0.0` mean the default address of the family.
 */
export function readNodeAddresses(text: string): Reading<readonly string[]> {
	const addresses = readList(text);
	const bad = addresses.find((address) => !isIpv4(address) && !isIpv6(address));
	if (bad !== undefined) return { problem: `${bad} is not an IP address` };
	const unreachable = addresses.find(isUnreachable);
	if (unreachable !== undefined) {
		return { problem: `${unreachable} is a loopback, link-local or multicast address` };
	}
	const [first, second] = addresses;
	if (second === undefined) return { value: addresses };
	if (addresses.length > 2 || isIpv4(first ?? "") === isIpv4(second)) {
		return { problem: "more than one address of a family; write one IPv4 and one IPv6 address" };
	}
	const anywhere = addresses.find((address) => address === "0.0.0.0" || address === "::");
	return anywhere === undefined
		? { value: addresses }
		: { problem: `${anywhere} stands for an address that is looked for, and then alone` };
}

/** An argument of the kubelet. */
export interface KubeletArgument {
	/** Without dashes. */
	readonly name: string;
	readonly value: string;
}

/** What kubeadm or another key sets, and what to do. */
const reservedArguments: Readonly<Record<string, string>> = {
	"node-labels": "write KUBERNETES_LABEL_* lines",
	"register-with-taints": "write KUBERNETES_TAINT_* lines",
	"node-ip": "set NODE_IP",
	"hostname-override": "set NODE_NAME",
	"container-runtime": "set KUBERNETES_CRI_SOCKET",
	"container-runtime-endpoint": "set KUBERNETES_CRI_SOCKET",
	config: "kubeadm writes that file; change it with KUBEADM_PATCHES",
	kubeconfig: "kubeadm writes that file",
	"bootstrap-kubeconfig": "kubeadm writes that file",
};

/** Reads `name=value`. kubeadm puts all arguments into one line of a file that systemd splits at blanks. */
export function readKubeletArgument(text: string): Reading<KubeletArgument> {
	const [, name, value] = /^([a-z][a-z0-9-]*)=(.*)$/s.exec(text) ?? [];
	if (name === undefined || value === undefined) {
		return {
			problem: text.startsWith("-")
				? "the dashes before the name are too much: name=value"
				: "not name=value; a switch is name=true",
		};
	}
	const instead = Object.hasOwn(reservedArguments, name) ? reservedArguments[name] : undefined;
	if (instead !== undefined) return { problem: `${name} is not set here: ${instead}` };
	if (/[\s"'\\$]/.test(value)) {
		return {
			problem: "the value has a blank, a quote, a backslash or a $, which does not get to the kubelet",
		};
	}
	return { value: { name, value } };
}

function isUnreachable(address: string): boolean {
	if (isIpv4(address)) return /^(?:127|169\.254|22[4-9]|23\d)\./.test(address);
	return /^(?:0{0,4}:)*:?0{0,3}1$/.test(address) || /^(?:fe[89ab]|ff)/i.test(address);
}
