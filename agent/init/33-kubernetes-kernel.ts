import type { InitFacts } from "../facts/facts.ts";
import { joinKey } from "../join/join-keys.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";

/** For the snapshots of containers, and for their traffic to pass the firewall rules of kube-proxy. */
const modules = ["overlay", "br_netfilter"];

/**
 * What kubeadm's preflight asks for ("Container Runtimes" of the Kubernetes documentation). Files of their own, which systemd
 * reads before those of MODULE_* and SYSCTL_*: a parameter that lts.conf sets, too, gets the value of lts.conf.
 */
export const kubernetesKernel: Step<Inputs<InitFacts>> = {
	name: "33-kubernetes-kernel",
	summary:
		"has systemd load the modules and set the kernel parameters that Kubernetes needs, on nodes that join",
	keys: ["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_CONFIG"],
	plan: ({ configuration }) => {
		const key = joinKey(configuration);
		if (key === undefined) return [];
		const reason = because(configuration, key);
		const overIpv6 = configuration.list("KUBEADM_JOIN_ENDPOINT").some((endpoint) => endpoint.startsWith("["));
		const parameters = [
			"net.bridge.bridge-nf-call-iptables = 1",
			"net.bridge.bridge-nf-call-ip6tables = 1",
			"net.ipv4.ip_forward = 1",
			// Of new interfaces only: on the boot interface it would end the use of router advertisements.
			...(overIpv6 ? ["net.ipv6.conf.default.forwarding = 1"] : []),
		];
		return [
			{
				kind: "writeFile",
				path: "/etc/modules-load.d/netherd-kubernetes.conf",
				content: modules.map((name) => `${name}\n`).join(""),
				because: reason,
			},
			{
				kind: "writeFile",
				path: "/etc/sysctl.d/90-netherd-kubernetes.conf",
				content: parameters.map((line) => `${line}\n`).join(""),
				because: reason,
			},
		];
	},
};
