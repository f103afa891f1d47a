import { apiRequest, connectionProblem } from "./api-request.ts";
import type { Look } from "./runtime-probe.ts";

/**
 * Looks whether an API server answers at HOST:PORT and is ready to serve. Whose certificate it has is kubeadm's to check:
 * nothing is sent to it. Never throws.
 */
export async function lookAtEndpoint(endpoint: string, timeoutMs: number): Promise<Look> {
	try {
		const { status } = await apiRequest({ url: `https://${endpoint}/readyz`, timeoutMs });
		// 401 and 403: no anonymous requests; 404: an old one. All of them come from one that serves.
		if (status < 500) return { answers: true, what: endpoint };
		return { answers: false, why: `it says ${status}: not ready yet` };
	} catch (error) {
		return { answers: false, why: connectionProblem(error) };
	}
}
