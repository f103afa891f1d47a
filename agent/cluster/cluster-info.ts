import { createHash, createHmac, X509Certificate } from "node:crypto";
import { apiRequest } from "./api-request.ts";

/** v1.ConfigMap of the Kubernetes API. */
interface ConfigMap {
	readonly data?: Readonly<Record<string, string>>;
}

/** What a cluster says about itself, and whether a token says so, too. */
export interface ClusterInfo {
	/** It is signed with the token: the cluster knows the token, and whoever answered knows the cluster. */
	readonly isSigned: boolean;
	/** PEM, of the cluster's CA; absent where it is none of the pinned ones. */
	readonly authority?: string;
}

/**
 * Reads the ConfigMap cluster-info, as kubeadm does: everybody may, and it is signed with each bootstrap token that is
 * valid (Kubernetes documentation, "Authenticating with Bootstrap Tokens", ConfigMap signing; RFC 7515, detached
 * content). Nothing of the token is sent. Undefined when there is no answer. Never throws.
 *
 * @param pins `sha256:…` over public keys; none: any CA that is signed for.
 */
export async function readClusterInfo(
	endpoint: string,
	token: string,
	pins: readonly string[],
	timeoutMs: number,
): Promise<ClusterInfo | undefined> {
	try {
		const url = `https://${endpoint}/api/v1/namespaces/kube-public/configmaps/cluster-info`;
		const { status, body } = await apiRequest({ url, timeoutMs });
		if (status !== 200) return undefined;
		const data = (JSON.parse(body) as ConfigMap).data ?? {};
		const isSigned = isSignedWith(token, data);
		const authority = isSigned ? pinnedAuthority(data.kubeconfig ?? "", pins) : undefined;
		return { isSigned, ...(authority === undefined ? {} : { authority }) };
	} catch {
		return undefined;
	}
}

function isSignedWith(token: string, data: Readonly<Record<string, string>>): boolean {
	const [id = "", secret = ""] = token.split(".");
	const [header, , signature] = data[`jws-kubeconfig-${id}`]?.split(".") ?? [];
	if (header === undefined || signature === undefined) return false;
	const content = Buffer.from(data.kubeconfig ?? "").toString("base64url");
	return createHmac("sha256", secret).update(`${header}.${content}`).digest("base64url") === signature;
}

function pinnedAuthority(kubeconfig: string, pins: readonly string[]): string | undefined {
	const encoded = /^\s*certificate-authority-data:\s*"?([^\s"]+)/m.exec(kubeconfig)?.[1];
	if (encoded === undefined) return undefined;
	const authority = Buffer.from(encoded, "base64").toString("utf8");
	const publicKey = new X509Certificate(authority).publicKey.export({ type: "spki", format: "der" });
	const pin = `sha256:${createHash("sha256").update(publicKey).digest("hex")}`;
	return pins.length === 0 || pins.includes(pin) ? authority : undefined;
}
