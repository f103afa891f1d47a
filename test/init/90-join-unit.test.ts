import { expect, test } from "vitest";
import { joinUnit } from "../../agent/init/90-join-unit.ts";
import { planStep, planText } from "../lib/plan-step.ts";

const complete = `KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"a".repeat(64)}
`;

test("a unit that runs the agent", () => {
	expect(planText(joinUnit, complete)).toMatchInlineSnapshot(`
		"put file      /etc/systemd/system/netherd-join.service  (0644, 499 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Join the Kubernetes cluster
		  │ Documentation=man:netherd-agent(8)
		  │ Wants=network-online.target
		  │ After=network-online.target containerd.service crio.service docker.service cri-docker.service
		  │ After=time-sync.target netherd-rc-local.service
		  │ 
		  │ [Service]
		  │ Type=oneshot
		  │ RemainAfterExit=yes
		  │ NotifyAccess=all
		  │ ExecStart=/usr/lib/netherd/agent join
		  │ TimeoutStartSec=infinity
		  │ TimeoutStopSec=20s
		  │ Restart=on-abnormal
		  │ RestartSec=10s
		  │ StandardOutput=journal+console
		  │ 
		  │ [Install]
		  │ WantedBy=multi-user.target
		make link     /etc/systemd/system/multi-user.target.wants/netherd-join.service -> ../netherd-join.service
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])"
	`);
});

test("no cluster, no unit", () => {
	expect(planStep(joinUnit, "")).toEqual([]);
	expect(planStep(joinUnit, 'KUBEADM_JOIN_ENDPOINT = ""')).toEqual([]);
});

test.each(["KUBEADM_JOIN_TOKEN", "KUBEADM_JOIN_CA_CERT_HASH"])(
	"without %s the boot stops, and says where",
	(key) => {
		const without = complete.replace(new RegExp(`^${key}.*\n`, "m"), "");
		expect(() => planStep(joinUnit, without)).toThrow(
			expect.objectContaining({
				code: "join.incomplete",
				message: expect.stringMatching(new RegExp(`lts\\.conf:2 \\[default\\].*${key} is not`)),
			}),
		);
	},
);
