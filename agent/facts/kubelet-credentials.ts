import { X509Certificate } from "node:crypto";
import { kubeletConfiguration } from "../paths.ts";

/** What a node can show for itself at the API server, from /etc/kubernetes/kubelet.conf and the files that it names. */
export type KubeletCredentials =
	| { readonly state: "none" }
	/** There, and of no use; `why` says what is wrong, in words for people. */
	| { readonly state: "unusable"; readonly why: string }
	| UsableCredentials;

export interface UsableCredentials {
	readonly state: "usable";
	/** `https://HOST:PORT`. */
	readonly server: string;
	/** PEM. */
	readonly authority: string;
	/** PEM. */
	readonly certificate: string;
	/** PEM; never leaves the process. */
	readonly key: string;
	/** The Node that they are for. */
	readonly nodeName: string;
}

/** Reads a file of the node as text; undefined when it is not there. */
export type ReadFile = (path: string) => string | undefined;

const userPrefix = "system:node:";

/**
 * Whether this machine is a node already. A certificate that has ended is of no use; one that has not begun is: then the
 * clock is wrong, and not the node.
 *
 * @param nowMs Milliseconds since 1970.
 */
export function kubeletCredentials(read: ReadFile, nowMs: number): KubeletCredentials {
	const text = read(kubeletConfiguration);
	if (text === undefined) return { state: "none" };
	const unusable = (why: string): KubeletCredentials => ({ state: "unusable", why });
	const server = field(text, "server");
	const authority = material(text, "certificate-authority", read);
	const certificate = material(text, "client-certificate", read);
	const key = material(text, "client-key", read);
	if (server === undefined || !server.startsWith("https://")) {
		return unusable(`${kubeletConfiguration} names no API server`);
	}
	if (authority === undefined) return unusable(`${kubeletConfiguration} has no CA certificate`);
	if (certificate === undefined || key === undefined) {
		return unusable(`the client certificate that ${kubeletConfiguration} names is not there`);
	}
	const parsed = parseCertificate(certificate);
	if (parsed === undefined) return unusable("the client certificate is none");
	if (parsed.validToDate.getTime() <= nowMs) {
		return unusable(`the client certificate ended on ${parsed.validToDate.toISOString()}`);
	}
	const name = /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? "";
	if (!name.startsWith(userPrefix))
		return unusable(`the client certificate is for ${JSON.stringify(name)}, no node`);
	return { state: "usable", server, authority, certificate, key, nodeName: name.slice(userPrefix.length) };
}

function parseCertificate(pem: string): X509Certificate | undefined {
	try {
		return new X509Certificate(pem);
	} catch {
		return undefined;
	}
}

/** `NAME-data: BASE64`, or the file of `NAME: PATH`. */
function material(text: string, name: string, read: ReadFile): string | undefined {
	const inline = field(text, `${name}-data`);
	if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
	const path = field(text, name);
	return path === undefined ? undefined : read(path);
}

/** kubeadm and the kubelet write one cluster and one user, a field a line. */
function field(text: string, name: string): string | undefined {
	return new RegExp(`^[\\s-]*${name}:\\s*"?([^\\s"]+)`, "m").exec(text)?.[1];
}
