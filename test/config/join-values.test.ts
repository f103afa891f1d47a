import { describe, expect, test } from "vitest";
import {
	readCriSocket,
	readEndpoint,
	readKubeletArgument,
	readNodeAddresses,
	readPath,
} from "../../agent/config/join-values.ts";

const problemOf = (reading: object) => ("problem" in reading ? reading.problem : undefined);

describe("readEndpoint", () => {
	test.each([
		["10.9.0.20:6443", "10.9.0.20", 6443],
		["api.example.org:1", "api.example.org", 1],
		["[2001:db8::5]:65535", "2001:db8::5", 65535],
	])("%s", (text, host, port) => {
		expect(readEndpoint(text)).toEqual({ value: { host, port } });
	});

	test.each([
		["10.9.0.20", /HOST:PORT/],
		["10.9.0:6443", /HOST:PORT/],
		["10.9.0.20:0", /HOST:PORT/],
		["10.9.0.20:65536", /HOST:PORT/],
		["2001:db8::5:6443", /in brackets/],
		["[2001:db8::5]", /in brackets/],
		["[10.9.0.20]:6443", /in brackets/],
		["https://10.9.0.20:6443", /leave out https/],
		["10.9.0.20:6443/", /HOST:PORT/],
		[":6443", /HOST:PORT/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readEndpoint(text))).toMatch(message);
	});
});

describe("readCriSocket", () => {
	test.each([
		["unix:///run/containerd/containerd.sock", "/run/containerd/containerd.sock"],
		["/run/crio/crio.sock", "/run/crio/crio.sock"],
	])("%s", (text, value) => {
		expect(readCriSocket(text)).toEqual({ value });
	});

	test.each([
		["tcp://127.0.0.1:1234", /not a socket/],
		["unix://run/containerd/containerd.sock", /not a socket/],
		["containerd", /not a socket/],
		["unix:///run/../etc/x", /not a socket/],
		["/var/run/dockershim.sock", /finds Docker itself/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readCriSocket(text))).toMatch(message);
	});
});

test.each([
	["/etc/kubernetes/join.yaml", "/etc/kubernetes/join.yaml"],
	["/srv/patches/", "/srv/patches"],
	["/", "/"],
])("the path %s", (text, value) => {
	expect(readPath(text)).toEqual({ value });
});

test.each(["etc/x", "./x", "/a/../b", "/a//b", "/a/./b", ""])("%j is no path", (text) => {
	expect(problemOf(readPath(text))).toBeDefined();
});

describe("readNodeAddresses", () => {
	test.each([
		["10.9.0.7", ["10.9.0.7"]],
		["10.9.0.7 2001:db8::7", ["10.9.0.7", "2001:db8::7"]],
		["2001:db8::7,10.9.0.7", ["2001:db8::7", "10.9.0.7"]],
		["::", ["::"]],
		["0.0.0.0", ["0.0.0.0"]],
		["2001:db8::1", ["2001:db8::1"]],
	])("%s", (text, value) => {
		expect(readNodeAddresses(text)).toEqual({ value });
	});

	test.each([
		["node7", /not an IP address/],
		["10.9.0.7/24", /not an IP address/],
		["10.9.0.7 10.9.0.8", /one IPv4 and one IPv6/],
		["10.9.0.7 2001:db8::7 2001:db8::8", /one IPv4 and one IPv6/],
		["127.0.0.1", /loopback/],
		["::1", /loopback/],
		["169.254.1.1", /link-local/],
		["fe80::1", /link-local/],
		["224.0.0.1", /multicast/],
		["ff02::1", /multicast/],
		["10.9.0.7 ::", /looked for/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readNodeAddresses(text))).toMatch(message);
	});
});

describe("readKubeletArgument", () => {
	test.each([
		["max-pods=250", "max-pods", "250"],
		["feature-gates=A=true,B=false", "feature-gates", "A=true,B=false"],
		["v=2", "v", "2"],
		["register-node=", "register-node", ""],
	])("%s", (text, name, value) => {
		expect(readKubeletArgument(text)).toEqual({ value: { name, value } });
	});

	test.each([
		["--max-pods=250", /dashes/],
		["max-pods", /name=true/],
		["max-pods 250", /name=true/],
		["Max-Pods=250", /name=value/],
		["=x", /name=value/],
		["x=a b", /blank/],
		['x="a"', /quote/],
		["x=$HOME", /\$/],
		["node-labels=a=b", /KUBERNETES_LABEL_/],
		["register-with-taints=a:NoSchedule", /KUBERNETES_TAINT_/],
		["node-ip=10.9.0.7", /NODE_IP/],
		["hostname-override=x", /NODE_NAME/],
		["container-runtime-endpoint=unix:///x", /KUBERNETES_CRI_SOCKET/],
		["config=/etc/x", /kubeadm writes/],
		["kubeconfig=/etc/x", /kubeadm writes/],
	])("%s is refused", (text, message) => {
		expect(problemOf(readKubeletArgument(text))).toMatch(message);
	});
});
