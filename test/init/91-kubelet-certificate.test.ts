import { expect, test } from "vitest";
import { kubeletCertificate } from "../../agent/init/91-kubelet-certificate.ts";
import { planStep, planText } from "../lib/plan-step.ts";

test("a kubelet that has got its first certificate is started anew, once", () => {
	expect(planText(kubeletCertificate, "KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443")).toMatchInlineSnapshot(`
		"put file      /etc/systemd/system/netherd-kubelet-certificate.path  (0644, 234 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Wait for the kubelet's first certificate
		  │ ConditionPathExists=!/var/lib/kubelet/pki/kubelet-client-current.pem
		  │ 
		  │ [Path]
		  │ PathExists=/var/lib/kubelet/pki/kubelet-client-current.pem
		  │ 
		  │ [Install]
		  │ WantedBy=multi-user.target
		make link     /etc/systemd/system/multi-user.target.wants/netherd-kubelet-certificate.path -> ../netherd-kubelet-certificate.path
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		put file      /etc/systemd/system/netherd-kubelet-certificate.service  (0644, 173 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Start the kubelet with its first certificate
		  │ 
		  │ [Service]
		  │ Type=oneshot
		  │ RemainAfterExit=yes
		  │ ExecStart=-/bin/systemctl --no-block try-restart kubelet.service"
	`);
});

test("no cluster, no unit", () => {
	expect(planStep(kubeletCertificate, "")).toEqual([]);
});
