import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { inputsOf } from "../../agent/plan/inputs.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const hash = `sha256:${"a".repeat(64)}`;
const codes = (text: string) =>
	checkLtsConf(text, "lts.conf").map(({ line, severity, code, message }) => [line, severity, code, message]);

test("an endpoint without token and hash is found, with what is missing", () => {
	expect(codes("[default]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\n")).toEqual([
		[
			2,
			"warning",
			"lts-conf.incomplete",
			expect.stringContaining("needs KUBEADM_JOIN_TOKEN and KUBEADM_JOIN_CA_CERT_HASH"),
		],
	]);
});

test("token and hash may come from another section that applies", () => {
	const text = `[node1]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\nLIKE = cluster\n[cluster]\nKUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef\n[default]\nKUBEADM_JOIN_CA_CERT_HASH = ${hash}\n`;
	expect(codes(text)).toEqual([]);
});

test("a node that takes one of them back is found", () => {
	const text = `[node1]\nKUBEADM_JOIN_TOKEN = NONE\n[default]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\nKUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef\nKUBEADM_JOIN_CA_CERT_HASH = ${hash}\n`;
	expect(codes(text)).toEqual([
		[4, "warning", "lts-conf.incomplete", expect.stringContaining("needs KUBEADM_JOIN_TOKEN,")],
	]);
});

const joining = `[default]
KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = ${hash}
`;
const places = (text: string) => codes(text).map(([line, severity, code]) => [line, severity, code]);

test.each([
	["a token file", "KUBEADM_JOIN_TOKEN_FILE = /run/token"],
	["the server's token", "KUBEADM_JOIN_TOKEN = server"],
])("%s stands for the token", (_, line) => {
	const text = `[default]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\n${line}\nKUBEADM_JOIN_CA_CERT_HASH = ${hash}\n`;
	expect(codes(text)).toEqual([]);
});

test("a JoinConfiguration of one's own may have what the keys lack", () => {
	expect(codes("[default]\nKUBEADM_JOIN_CONFIG = /etc/join.yaml\nKUBEADM_JOIN_ENDPOINT = a:1\n")).toEqual([]);
});

describe("two keys that say different things", () => {
	test.each([
		["labels", 'KUBERNETES_LABEL_1 = "a/b=c"', 'KUBERNETES_LABEL_2 = "a/b=d"'],
		["taints", 'KUBERNETES_TAINT_1 = "a=b:NoSchedule"', "KUBERNETES_TAINT_2 = a:NoSchedule"],
		["arguments", 'KUBELET_EXTRA_ARG_1 = "v=1"', 'KUBELET_EXTRA_ARG_2 = "v=2"'],
	])("%s, on the nodes that get both", (_, one, other) => {
		const text = `${joining}${one}\n[node1]\n${other}\n[node2]\n${one.replace(/=.*/, "= NONE")}\n${other}\n`;
		expect(places(text)).toEqual([[7, "error", "lts-conf.conflict"]]);
	});

	test("the same thing twice, and a taint with another effect, are none", () => {
		expect(
			codes(
				`${joining}KUBERNETES_LABEL_1 = "a=b"\nKUBERNETES_LABEL_2 = "a=b"\nKUBERNETES_TAINT_1 = a:NoSchedule\nKUBERNETES_TAINT_2 = a:NoExecute\n`,
			),
		).toEqual([]);
	});

	test("the node refuses them, too", () => {
		const text = `${joining}KUBERNETES_LABEL_1 = "a=b"\nKUBERNETES_LABEL_2 = "a=c"\n`;
		expect(() => inputsOf(makeInitFacts(text))).toThrow(
			expect.objectContaining({
				code: "config.invalid",
				message: expect.stringMatching(/lts\.conf:6:1: error\[lts-conf\.conflict\]/),
			}),
		);
	});
});

test.each([
	["HOSTNAME = node_7", [[5, "error", "lts-conf.bad-node-name"]]],
	["HOSTNAME_BASE = node_", [[5, "warning", "lts-conf.bad-node-name"]]],
	["HOSTNAME = node_7\nNODE_NAME = node-7", []],
	["HOSTNAME = Node7", []],
	["HOSTNAME = $IPV4ADDR", []],
])("%s as the name of a Node", (line, expected) => {
	expect(places(`${joining}${line}\n`)).toEqual(expected);
});

test.each([
	["USE_LOCAL_SWAP = yes", [[5, "warning", "lts-conf.kubelet-swap"]]],
	['FSTAB_S = "LABEL=s none swap sw 0 0"', [[5, "warning", "lts-conf.kubelet-swap"]]],
	['USE_LOCAL_SWAP = yes\nKUBELET_EXTRA_ARG_1 = "fail-swap-on=false"', []],
	["USE_LOCAL_SWAP = no", []],
	[
		'FSTAB_C = "10.9.0.7:/c /var/lib/containerd nfs4 defaults 0 0"',
		[[5, "warning", "lts-conf.kubelet-storage"]],
	],
	['FSTAB_C = "LABEL=c /var/lib/containerd/ ext4 nofail 0 2"', []],
	["KUBERNETES_STORAGE = root", [[5, "warning", "lts-conf.kubelet-storage"]]],
	['FSTAB_C = "10.9.0.7:/c /srv/c nfs4 defaults 0 0"', []],
])("%s on a node that joins", (line, expected) => {
	expect(places(`${joining}${line}\n`)).toEqual(expected);
	expect(places(`[default]\n\n\n\n${line}\n`)).toEqual([]);
});
