import { createHmac } from "node:crypto";
import { apiRequest } from "./api-request.ts";

/** v1.ConfigMap of the Kubernetes API. */
interface ClusterInfo {
	readonly data?: Readonly<Record<string, string>>;
}

/**
 * Whether the cluster knows a bootstrap token: everybody may read the ConfigMap cluster-info, which is signed with each
 * token that is valid (Kubernetes documentation, "Authenticating with Bootstrap Tokens", ConfigMap signing; RFC 7515,
 * detached content). False also when there is no answer. Nothing of the token is sent, and nothing that is read is used
 * for more than to end a pause. Never throws.
 */
export async function isTokenKnown(endpoint: string, token: string, timeoutMs: number): Promise<boolean> {
	try {
		const url = `https://${endpoint}/api/v1/namespaces/kube-public/configmaps/cluster-info`;
		const { status, body } = await apiRequest({ url, timeoutMs });
		return status === 200 && isSignedWith(token, (JSON.parse(body) as ClusterInfo).data ?? {});
	} catch {
		return false;
	}
}

function isSignedWith(token: string, data: Readonly<Record<string, string>>): boolean {
	const [id = "", secret = ""] = token.split(".");
	const [header, , signature] = data[`jws-kubeconfig-${id}`]?.split(".") ?? [];
	if (header === undefined || signature === undefined) return false;
	const content = Buffer.from(data.kubeconfig ?? "").toString("base64url");
	return createHmac("sha256", secret).update(`${header}.${content}`).digest("base64url") === signature;
}
