import { describe, expect, test } from "vitest";
import { joinUnit } from "../../agent/init/90-join-unit.ts";
import { type NodeUnderTest, planStep, planText } from "../lib/plan-step.ts";

const complete = `KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"a".repeat(64)}
`;

test("a unit that runs the agent", () => {
	expect(planText(joinUnit, complete)).toMatchInlineSnapshot(`
		"put file      /etc/systemd/system/netherd-join.service  (0644, 523 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Join the Kubernetes cluster
		  │ Documentation=man:netherd-agent(8)
		  │ Wants=network-online.target
		  │ After=network-online.target containerd.service crio.service docker.service cri-docker.service
		  │ After=time-sync.target netherd-rc-local.service netherd-kubeadm.service
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
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		put file      /etc/systemd/system/netherd-kubeadm.service  (0644, 236 B)
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Look which kubeadm the image has
		  │ Documentation=man:netherd-agent(8)
		  │ 
		  │ [Service]
		  │ Type=oneshot
		  │ ExecStart=-/bin/sh -c 'exec kubeadm version -o short >/run/netherd/kubeadm-version'
		  │ 
		  │ [Install]
		  │ WantedBy=netherd-join.service
		make link     /etc/systemd/system/netherd-join.service.wants/netherd-kubeadm.service -> ../netherd-kubeadm.service
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])"
	`);
});

test("what can't end in a join is said now", () => {
	const withServer = complete.replace(/abcdef.*/, "server");
	expect(planStep(joinUnit, withServer)).toHaveLength(2);
	expect(() => planStep(joinUnit, withServer, { commandLine: "nbdroot=192.0.2.1/node" })).toThrow(
		expect.objectContaining({ code: "join.no-server" }),
	);
	expect(() => planStep(joinUnit, `${complete}HOSTNAME_BASE = node_`)).toThrow(
		expect.objectContaining({ code: "join.bad-node-name" }),
	);
	// A JoinConfiguration in the image may say all of it.
	expect(planStep(joinUnit, "KUBEADM_JOIN_CONFIG = /etc/join.yaml\nHOSTNAME_BASE = node_")).toHaveLength(2);
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

describe("the initramfs's agent", () => {
	const memory = (availableBytes: number) => ({ totalBytes: 2 * 1024 ** 3, availableBytes });
	const enough = memory(512 * 1024 ** 2);
	const bind = "mount --no-canonicalize --bind /proc/1/root/usr/lib/netherd/agent /usr/lib/netherd/agent";
	const free = /^Exec(Start|Stop)Post=-\/usr\/bin\/umount --quiet --lazy \/usr\/lib\/netherd\/agent$/gm;
	const textOf = (node: NodeUnderTest) => planText(joinUnit, complete, node).replace(/^ {2}│ /gm, "");

	test("stays in memory until the node has joined, or has given up", () => {
		const text = textOf({ memory: enough });
		expect(text).toContain(bind);
		expect(text.match(free)).toHaveLength(2);
	});

	test.each([
		["memory is short", { memory: memory(512 * 1024 ** 2 - 1) }],
		["nobody has looked how much memory there is", {}],
		["the root came in the initramfs", { memory: enough, commandLine: "root=initramfs boot=netherd" }],
		["the root was mounted by something else", { memory: enough, root: { mountedAt: "/" } }],
	])("does not where %s", (_, node) => {
		const text = textOf(node);
		expect(text).not.toContain("--bind");
		expect(text).not.toContain("umount");
	});
});
