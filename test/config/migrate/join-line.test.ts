import { describe, expect, test } from "vitest";
import { joinsInShell, readJoinLine } from "../../../agent/config/migrate/join-line.ts";

const hash = `sha256:${"a".repeat(64)}`;
const join = `kubeadm join 10.9.0.20:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash ${hash}`;
const keys: [string, string][] = [
	["KUBEADM_JOIN_ENDPOINT", "10.9.0.20:6443"],
	["KUBEADM_JOIN_TOKEN", "abcdef.0123456789abcdef"],
	["KUBEADM_JOIN_CA_CERT_HASH", hash],
];

describe("keys stand for", () => {
	test.each([
		["the line that kubeadm prints", join],
		["a path", `/usr/bin/${join}`],
		["a privilege that root has", `sudo ${join}`],
		["output elsewhere", `${join} > /var/log/join.log 2>&1`],
		["output to the log", `${join} 2>&1 | logger -t join`],
		["a failure that does not matter", `${join} || true`],
		["the background", `${join} &`],
		["verbosity", `${join} -v=5`],
		["verbosity as a word of its own", `${join} --v 5`],
		["a retry loop", `until ${join}; do sleep 10; done`],
		["another retry loop", `while ! ${join}; do sleep 1m; done`],
		["quotes", join.replace("10.9.0.20:6443", "'10.9.0.20:6443'")],
		["equals signs", join.replace("--token ", "--token=").replace("hash sha", "hash=sha")],
		[
			"both tokens",
			join.replace(
				"--token abcdef.0123456789abcdef",
				"--discovery-token abcdef.0123456789abcdef --tls-bootstrap-token abcdef.0123456789abcdef",
			),
		],
		["a comment behind it", `${join} # the farm's`],
	])("%s", (_, line) => {
		expect(joinsInShell(line)).toBe(true);
		expect(readJoinLine(line)).toEqual({ keys: new Map(keys), rest: "" });
	});

	test("options with keys of their own", () => {
		const line = `${join} --node-name seven --cri-socket unix:///run/crio/crio.sock --patches /etc/patches --discovery-token-ca-cert-hash ${hash.replace("a", "b")}`;
		expect(readJoinLine(line)).toEqual({
			keys: new Map([
				...keys.slice(0, 2),
				["KUBEADM_JOIN_CA_CERT_HASH", `${hash} ${hash.replace("a", "b")}`],
				["NODE_NAME", "seven"],
				["KUBERNETES_CRI_SOCKET", "unix:///run/crio/crio.sock"],
				["KUBEADM_PATCHES", "/etc/patches"],
			]),
			rest: "",
		});
		expect(readJoinLine("kubeadm join --config /etc/join.yaml")).toEqual({
			keys: new Map([["KUBEADM_JOIN_CONFIG", "/etc/join.yaml"]]),
			rest: "",
		});
	});

	test("commands before it stay", () => {
		expect(readJoinLine(`modprobe br_netfilter; echo "a; b" > /run/x; ${join}`)).toEqual({
			keys: new Map(keys),
			rest: 'modprobe br_netfilter; echo "a; b" > /run/x',
		});
	});
});

describe("no keys stand for", () => {
	test.each([
		[
			"an option without a key",
			`${join} --ignore-preflight-errors=Swap`,
			"no key stands for --ignore-preflight-errors",
		],
		["a control plane", `${join} --control-plane`, "no key stands for --control-plane"],
		[
			"a CA that is not pinned",
			"kubeadm join a:1 --token x --discovery-token-unsafe-skip-ca-verification",
			"no key stands",
		],
		["no token", `kubeadm join a:1 --discovery-token-ca-cert-hash ${hash}`, "no --token"],
		[
			"two tokens",
			`${join} --tls-bootstrap-token ghijkl.0123456789abcdef`,
			"--tls-bootstrap-token says two things",
		],
		["two addresses", join.replace("join ", "join a:1 "), "second address"],
		["a condition", `test -e /etc/x && ${join}`, "&& ties"],
		["another way out", `${join} || reboot`, "|| ties"],
		["what waits for it", `${join}; systemctl restart kubelet`, "waits for it"],
		["a block", `if true; then ${join}; fi`, "decides whether it runs"],
		["a block before", `if true; then echo; fi; ${join}`, "a block around"],
		["a loop that does more", `until ${join}; do reboot; done`, "decides whether it runs"],
		["a subshell", `(${join})`, "( ties"],
		["a substitution", `${join} --node-name $(hostname -s)`, "$(…)"],
		["a reset before", `kubeadm reset -f; ${join}`, "more than one command of kubeadm"],
		["an unknown word before", `chroot /x ${join}`, "decides whether it runs"],
	])("%s", (_, line, problem) => {
		expect(joinsInShell(line)).toBe(true);
		expect(readJoinLine(line)).toEqual({ problem: expect.stringContaining(problem) });
	});
});

test.each([
	"# kubeadm join a:1",
	"echo kubeadm-join",
	"kubeadm reset -f",
	"kubeadm token create --print-join-command",
	"my-kubeadm join",
])("%s joins nothing", (line) => {
	expect(joinsInShell(line)).toBe(false);
});
