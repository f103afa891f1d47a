import { expect, test } from "vitest";
import { kubernetesKernel } from "../../agent/init/33-kubernetes-kernel.ts";
import { planStep, planText } from "../lib/plan-step.ts";

const joining = `KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"a".repeat(64)}
`;

test("modules and parameters, in files that come before those of MODULE_* and SYSCTL_*", () => {
	expect(planText(kubernetesKernel, joining)).toMatchInlineSnapshot(`
		"put file      /etc/modules-load.d/netherd-kubernetes.conf  (0644, 21 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ overlay
		  │ br_netfilter
		put file      /etc/sysctl.d/90-netherd-kubernetes.conf  (0644, 103 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ net.bridge.bridge-nf-call-iptables = 1
		  │ net.bridge.bridge-nf-call-ip6tables = 1
		  │ net.ipv4.ip_forward = 1"
	`);
	expect(["90-netherd.conf", "90-netherd-kubernetes.conf"].sort()[0]).toBe("90-netherd-kubernetes.conf");
});

test("an endpoint with an IPv6 address", () => {
	expect(planText(kubernetesKernel, joining.replace(/192.*/, '"[2001:db8::5]:6443"'))).toContain(
		"net.ipv6.conf.default.forwarding = 1",
	);
});

test("a node that does not join gets none", () => {
	expect(planStep(kubernetesKernel, 'SYSCTL_1 = "vm.swappiness=1"')).toEqual([]);
});
