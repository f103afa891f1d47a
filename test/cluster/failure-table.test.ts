import { describe, expect, test } from "vitest";
import { classify } from "../../agent/cluster/classify.ts";
import { failureTable } from "../../agent/cluster/failure-table.ts";

/** Ways in which kubeadm and the Go libraries below it say a thing; whole outputs are in support/kubeadm-texts.ts. */
const words: Readonly<Record<string, readonly string[]>> = {
	"join.configuration-unsupported": [
		'no kind "JoinConfiguration" is registered for version "kubeadm.k8s.io/v1beta4" in scheme',
		'your configuration file uses an old API spec: "kubeadm.k8s.io/v1alpha3". Please use kubeadm v1.11 instead',
		"apiVersion kubeadm.k8s.io/v1beta4 is not supported",
	],
	"join.version-skew": [
		"this version of kubeadm only supports deploying clusters with the control plane version >= 1.30.0. Current version: v1.20.2",
		"it only supports deploying clusters with the control plane version >= 1.30.0",
		"This version of kubeadm only supports kubelets of 1.29",
		"the kubelet version is higher than the control plane version",
		"the kubelet version is lower than kubeadm can take",
		"the cluster's version is too old for this control plane",
		"kubelet version is too new for this kubeadm",
	],
	"join.configuration-refused": [
		'nodeRegistration.taints: Invalid value: "x"',
		" discovery: Required value: token",
		"[discovery.tlsBootstrapToken: Forbidden: no",
		'nodeRegistration.imagePullPolicy: Unsupported value: "Often"',
	],
	"join.name-ready": ['a Node with name "node7" and status "Ready" already exists in the cluster'],
	"join.ca-mismatch": [
		`none of the public keys "sha256:${"ab".repeat(32)}" are pinned`,
		'none of the public keys "" are pinned',
		"x509: certificate signed by unknown authority",
	],
	"join.token-wrong": [
		"failed to verify JWS signature of received cluster info object, can't trust this API Server",
	],
	"join.token-unknown": [
		'could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"',
		'there is no JWS signed token in the cluster-info ConfigMap. This token id "abcdef" is not there',
		'token id "abcdef" is invalid for this cluster or it has expired',
		"unable to fetch the kubeadm-config ConfigMap: Unauthorized",
	],
	"join.clock-behind": [
		"x509: certificate has expired or is not yet valid: current time 2021-01-01T00:00:09Z is before 2026-01-01T00:00:00Z",
	],
	"join.certificate-expired": [
		"x509: certificate has expired or is not yet valid: current time 2027-01-01T00:00:09Z is after 2026-01-01T00:00:00Z",
	],
	"join.certificate-name": [
		"x509: certificate is valid for 10.96.0.1, 10.0.2.15, not 192.0.2.5",
		"x509: cannot validate certificate for 192.0.2.5 because it doesn't contain any IP SANs",
	],
	"join.no-cluster-info": [
		"there is no kubeconfig key in the cluster-info ConfigMap. This API Server isn't set up for token bootstrapping",
		'configmaps "cluster-info" not found',
		'configmaps "cluster-info" is forbidden: User "system:anonymous" cannot get resource',
	],
	"join.forbidden": [
		'nodes "node7" is forbidden: User "system:bootstrap:abcdef" cannot get resource "nodes"',
	],
	"join.kubelet-down": [
		"error execution phase kubelet-start: timed out waiting for the condition",
		"error execution phase kubelet-wait-bootstrap: context deadline exceeded",
		"error execution phase kubelet-start: failed while running 'curl -sSL http://127.0.0.1:10248/healthz'",
		"[kubelet-check] The kubelet is not healthy after 4m0s",
		"[kubelet-check] The kubelet is not running",
		"	- The kubelet is not running",
		"	- The kubelet is unhealthy due to a misconfiguration of the node",
	],
	"join.runtime-down": [
		"container runtime is not running: output: E1121",
		'validate service connection: validate CRI v1 runtime API for endpoint "unix:///run/containerd/containerd.sock"',
		"could not connect to the container runtime: failed to create new CRI runtime service",
	],
	"join.several-runtimes": [
		"Found multiple CRI sockets, please use --cri-socket to select one: /run/a.sock, /run/b.sock",
		"found multiple CRI endpoints on the host. Please define which one do you wish to use",
	],
	"join.name-unresolved": [
		"dial tcp: lookup api.example on 192.0.2.53:53: no such host",
		"dial tcp: lookup api.example: i/o timeout",
	],
	"join.api-refused": ["dial tcp 192.0.2.5:6443: connect: connection refused", "connect: connection refused"],
	"join.api-unreachable": [
		"dial tcp 192.0.2.5:6443: connect: no route to host",
		"dial tcp 192.0.2.5:6443: connect: network is unreachable",
		"dial tcp 192.0.2.5:6443: connect: host is down",
	],
	"join.not-an-api-server": [
		"http: server gave HTTP response to HTTPS client",
		"first record does not look like a TLS handshake",
		"remote error: tls: handshake failure",
	],
	"join.api-silent": [
		"(Client.Timeout or context cancellation while reading body)",
		"(Client.Timeout exceeded while awaiting headers)",
		"(Client.Timeout while dialing)",
		"net/http: request canceled while waiting for connection",
		"dial tcp 192.0.2.5:6443: i/o timeout",
		"net/http: TLS handshake timeout",
		"context deadline exceeded",
		"net/http: timeout awaiting response headers",
	],
	"join.api-broke-off": [
		"read tcp 192.0.2.7:4711->192.0.2.5:6443: read: connection reset by peer",
		'Get "https://192.0.2.5:6443/api": EOF',
		"write: broken pipe",
		"http2: client connection lost",
		"http2: server sent GOAWAY and closed the connection",
	],
	"join.api-error": [
		'an error on the server ("") has prevented the request from succeeding',
		"the server is currently unable to handle the request",
		"the server was unable to return a response in the time allotted",
		"etcdserver: leader changed",
		"apiserver not ready",
		"Internal error occurred: failed calling webhook",
		"ServiceUnavailable",
		"TooManyRequests",
		"too many requests, please try again later",
		"unexpected error when reading response body",
	],
	"join.no-address": [
		"could not obtain a bind address for the API Server",
		"unable to select an IP from default routes",
		"unable to determine the node's address",
	],
};

describe("what kubeadm says", () => {
	const cases = Object.entries(words).flatMap(([code, lines]) => lines.map((line) => ({ code, line })));

	test.each(cases)("$line: $code", ({ code, line }) => {
		const failure = classify({ exitCode: 1, output: [line] });
		expect(failure.code).toBe(code);
		expect(failure.message).not.toMatch(/[{}]|undefined| {2}/);
	});

	test("each row is the first one that fits something", () => {
		const first = ({ line }: { line: string }) => failureTable.find(({ pattern }) => pattern.test(line));
		const used = new Set(cases.map(first));
		expect(failureTable.filter((row) => !used.has(row)).map(({ pattern }) => String(pattern))).toEqual([]);
	});
});

test("a field is named without the bracket before it", () => {
	const output = ["[discovery.tlsBootstrapToken: Forbidden: no, taints[0]: Invalid value: 1]"];
	expect(classify({ exitCode: 1, output }).message).toBe(
		"kubeadm refuses discovery.tlsBootstrapToken of the JoinConfiguration",
	);
});

test("what follows from it: is it tried again, at once or ever slower, elsewhere, with another token", () => {
	const rows = failureTable.map(({ code, isPermanent, concerns, pace, isAboutToken }) =>
		[code, isPermanent ? "permanent" : pace, concerns, ...(isAboutToken ? ["token"] : [])].join(" "),
	);
	expect(`\n${rows.join("\n")}\n`).toMatchInlineSnapshot(`
		"
		join.configuration-unsupported permanent node
		join.version-skew permanent node
		join.configuration-refused permanent node
		join.name-ready soon node
		join.ca-mismatch permanent endpoint
		join.token-wrong growing endpoint token
		join.token-unknown growing endpoint token
		join.clock-behind soon endpoint
		join.certificate-expired growing endpoint
		join.certificate-name permanent endpoint
		join.ca-mismatch permanent endpoint
		join.no-cluster-info growing endpoint
		join.forbidden growing endpoint
		join.kubelet-down growing node
		join.runtime-down soon node
		join.several-runtimes permanent node
		join.name-unresolved growing endpoint
		join.api-refused soon endpoint
		join.api-unreachable soon endpoint
		join.not-an-api-server growing endpoint
		join.api-silent soon endpoint
		join.api-broke-off soon endpoint
		join.api-error soon endpoint
		join.no-address soon node
		"
	`);
});
