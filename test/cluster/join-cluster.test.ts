import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ApiServerOfTest, startApiServer } from "./support/api-server.ts";
import { type Authority, makeAuthority } from "./support/certificates.ts";
import { type RuntimeOfTest, startRuntime } from "./support/container-runtime.ts";
import { textOf } from "./support/kubeadm-texts.ts";
import { bootId, NodeUnderTest, nodeName, type Step, step, token } from "./support/node.ts";

let authority: Authority;
let api: ApiServerOfTest;
let runtime: RuntimeOfTest | undefined;
let node: NodeUnderTest;

beforeAll(() => {
	authority = makeAuthority();
});
beforeEach(async () => {
	api = await startApiServer(authority);
});
afterEach(async () => {
	await runtime?.close();
	runtime = undefined;
	await api.close();
	node.remove();
});

/** A node with a runtime that answers, registered and Ready as soon as it has joined. */
async function prepare(...steps: Step[]): Promise<NodeUnderTest> {
	node = new NodeUnderTest(steps);
	runtime = await startRuntime(node.runtimeSocket);
	api.nodes.set(nodeName, { labels: {}, taints: [], isReady: true, bootId });
	node.prepareCredentials(api.endpoint, authority.certificate, authority.node(nodeName));
	return node;
}

const failing = (code: string) => step.fails(textOf(code).text, textOf(code).exitCode);

describe("a join that works", () => {
	test("one attempt, then Ready; the token is nowhere but in the file for root", async () => {
		await prepare(step.joins);
		await node.join([api.endpoint]);
		expect(node.story).toEqual(["join-started", "join-attempt", "joined", "node-ready"]);
		expect(node.calls).toEqual(["join --config /run/netherd/join/1.json"]);
		expect(node.read("/environment")).toMatch(/^(?:export (?:PATH|HOME|LC_ALL|PWD|OLDPWD)(?:='.*')?\n)+$/);
		expect(node.tokenSightings()).toEqual([]);
		expect(node.log).toContain("kubeadm: This node has joined the cluster:");
	});

	test("what kubeadm prints of the token is hidden in the log", async () => {
		await prepare(step.joins);
		await node.join([api.endpoint]);
		expect(node.log.filter((line) => line.includes("{secret:join-token}"))).toHaveLength(1);
	});

	test("the node asks for its Node with the certificate that the kubelet got", async () => {
		await prepare(step.joins);
		await node.join([api.endpoint]);
		expect(api.requests).toContain(`GET /api/v1/nodes/${nodeName} (system:node:${nodeName})`);
	});
});

describe("waiting", () => {
	test("for a container runtime that is not there, does not listen, has no CRI, then answers", async () => {
		await prepare(step.joins);
		await runtime?.close();
		const joining = node.join([api.endpoint]);
		await node.until(() => node.reasons.some((reason) => /no such socket|nobody listens/.test(reason)));
		const bare = await startRuntime(node.runtimeSocket, []);
		await node.until(() => node.reasons.some((reason) => /without CRI.*disabled_plugins/.test(reason)));
		await bare.close();
		runtime = await startRuntime(node.runtimeSocket, ["runtime.v1alpha2"]);
		await joining;
		expect(node.events).toContainEqual(
			expect.objectContaining({
				event: "join-found",
				what: "containerd 1.6.20~ds1 at /run/containerd/containerd.sock",
			}),
		);
		expect(node.calls).toHaveLength(1);
	});

	test("for an API server that refuses, that is starting, then answers; no attempt is made before", async () => {
		await prepare(step.joins);
		const port = Number(api.endpoint.split(":")[1]);
		await api.close();
		const joining = node.join([api.endpoint]);
		await node.until(() => node.reasons.includes(`API server: ${api.endpoint}: connection refused`));
		const nodes = api.nodes;
		api = await startApiServer(authority, port);
		api.readyStatus = 500;
		for (const [name, value] of nodes) api.nodes.set(name, value);
		await node.until(() => node.reasons.includes(`API server: ${api.endpoint}: it says 500: not ready yet`));
		expect(node.calls).toEqual([]);
		api.readyStatus = 200;
		await joining;
		expect(node.calls).toHaveLength(1);
	});

	test("something that does not speak TLS, and something that closes, are told apart", async () => {
		await prepare(step.joins);
		const [text, closing] = [await listen((s) => s.end("220 smtp\r\n")), await listen((s) => s.destroy())];
		const joining = node.join([text.endpoint, closing.endpoint]).catch(() => undefined);
		await node.until(() => node.reasons.length > 0);
		node.controller.abort();
		await joining;
		await Promise.all([text.close(), closing.close()]);
		expect(node.reasons[0]).toBe(
			`API server: ${text.endpoint}: what listens there does not speak TLS; ${closing.endpoint}: the connection was closed`,
		);
	});

	test("KUBEADM_JOIN_TIMEOUT ends it, and says what it waited for", async () => {
		await prepare(step.joins);
		await runtime?.close();
		await expect(node.join([api.endpoint], { timeoutMs: 100 })).rejects.toMatchObject({
			code: "join.timeout",
			message: expect.stringMatching(/0\.1 s: no container runtime: .*containerd\.sock: /),
		});
		expect(node.story).toEqual(["join-started", "join-given-up"]);
		expect(node.calls).toEqual([]);
	});
});

describe("several endpoints", () => {
	test("one that does not answer is passed over", async () => {
		await prepare(step.joins);
		const other = await startApiServer(authority);
		await other.close();
		await node.join([other.endpoint, api.endpoint]);
		expect(node.calls).toEqual(["join --config /run/netherd/join/2.json"]);
	});

	test("after a failure of one the other has its turn", async () => {
		await prepare(failing("join.api-silent"), step.joins);
		const other = await startApiServer(authority);
		await node.join([other.endpoint, api.endpoint]);
		await other.close();
		expect(node.calls).toEqual([
			"join --config /run/netherd/join/1.json",
			"join --config /run/netherd/join/2.json",
		]);
	});

	test("one of another cluster does not end the join, while the other is right", async () => {
		await prepare(failing("join.ca-mismatch"), failing("join.api-silent"), step.joins);
		const other = await startApiServer(authority);
		await node.join([other.endpoint, api.endpoint]);
		await other.close();
		expect(node.calls).toEqual([1, 2, 2].map((at) => `join --config /run/netherd/join/${at}.json`));
	});

	test("when all of them are wrong it ends", async () => {
		await prepare(failing("join.ca-mismatch"), failing("join.ca-mismatch"));
		const other = await startApiServer(authority);
		await expect(node.join([other.endpoint, api.endpoint])).rejects.toMatchObject({
			code: "join.ca-mismatch",
		});
		await other.close();
		expect(node.story.filter((each) => each.startsWith("join-failed"))).toHaveLength(2);
	});
});

describe("what is tried again", () => {
	test.each([
		"join.api-refused",
		"join.api-silent",
		"join.token-unknown",
		"join.token-wrong",
		"join.clock-behind",
		"join.runtime-down",
		"join.api-error",
		"join.kubeadm-failed",
	])("%s, then it works", async (code) => {
		await prepare(failing(code), step.joins);
		await node.join([api.endpoint]);
		expect(node.story).toEqual([
			"join-started",
			"join-attempt",
			`join-failed ${code}`,
			"join-attempt",
			"joined",
			"node-ready",
		]);
		expect(node.tokenSightings()).toEqual([]);
	});

	test.each(["join.name-ready", "join.kubelet-down"])(
		"%s, after kubeadm reset, because it leaves files",
		async (code) => {
			const late = step.failsLate(textOf(code).text);
			await prepare(late, late, step.joins);
			await node.join([api.endpoint]);
			expect(node.calls.map((call) => call.split(" ")[0])).toEqual([
				"join",
				"reset",
				"join",
				"reset",
				"join",
			]);
			expect(node.calls[1]).toBe("reset -f --cri-socket unix:///run/containerd/containerd.sock");
			expect(node.story.at(-1)).toBe("node-ready");
			expect(node.tokenSightings()).toEqual([]);
		},
	);

	test("the pauses grow and are told", async () => {
		const fails = failing("join.token-unknown");
		await prepare(fails, fails, fails, step.joins);
		await node.join([api.endpoint]);
		const pauses = node.events.flatMap((event) =>
			event.event === "join-failed" ? [event.nextAttemptInMs ?? 0] : [],
		);
		expect(pauses).toHaveLength(3);
		for (const [index, longestMs] of [25, 50, 75].entries()) {
			expect(pauses[index]).toBeGreaterThan(0);
			expect(pauses[index]).toBeLessThanOrEqual(longestMs);
		}
	});

	test("kubeadm that does not end is ended", async () => {
		await prepare("sleep 1000", step.joins);
		await node.join([api.endpoint], { attemptTimeoutMs: 300 });
		expect(node.story).toContain("join-failed join.attempt-timeout");
		expect(node.story.at(-1)).toBe("node-ready");
	});

	test("a child that keeps kubeadm's output open does not hold up the join", async () => {
		await prepare(`sleep 1000 & ${failing("join.api-silent")}`, step.joins);
		await node.join([api.endpoint]);
		expect(node.story.at(-1)).toBe("node-ready");
	});

	test("where the kubelet says why it does not stay up, its words come along", async () => {
		await prepare(step.failsLate(textOf("join.kubelet-down").text), step.joins);
		const words = "E1121 06:00:00.000000 1 server.go:1] Failed to run kubelet: swap is on";
		node.write(
			"/usr/bin/journalctl",
			`#!/bin/sh\necho "$*" >>/journal-calls\necho "${words}"\necho Stopped.\n`,
			0o755,
		);
		await node.join([api.endpoint]);
		expect(node.read("/journal-calls")).toMatch(/^--unit kubelet\.service /);
		expect(node.events).toContainEqual(
			expect.objectContaining({
				failure: expect.objectContaining({
					code: "join.kubelet-down",
					evidence: `the kubelet says: ${words}`,
				}),
			}),
		);
	});

	test("files that were there before the first attempt are removed first", async () => {
		await prepare(step.joins);
		node.write("/etc/kubernetes/pki/ca.crt", "of an earlier life\n");
		await node.join([api.endpoint]);
		expect(node.calls.map((call) => call.split(" ")[0])).toEqual(["reset", "join"]);
	});

	test("exit code 0 without credentials is no join", async () => {
		await prepare("exit 0", step.joins);
		await node.join([api.endpoint]);
		expect(node.story).toContain("join-failed join.no-credentials");
		expect(node.story.at(-1)).toBe("node-ready");
	});
});

describe("what is not", () => {
	test.each([
		"join.ca-mismatch",
		"join.preflight-failed",
		"join.configuration-unsupported",
		"join.version-skew",
	])("%s ends the join and says what to do", async (code) => {
		await prepare(failing(code));
		await expect(node.join([api.endpoint])).rejects.toMatchObject({
			code,
			hint: expect.stringMatching(/.{20}/),
		});
		expect(node.story).toEqual(["join-started", "join-attempt", `join-failed ${code}`, "join-given-up"]);
		expect(node.tokenSightings()).toEqual([]);
	});

	test("a machine without kubeadm", async () => {
		await prepare();
		node.removeFile("/usr/bin/kubeadm");
		await expect(node.join([api.endpoint])).rejects.toMatchObject({ code: "join.no-kubeadm" });
	});
});

describe("kubeadm that is killed", () => {
	test("early: its files go, and it is run again", async () => {
		await prepare(step.isKilled, step.joins);
		await node.join([api.endpoint]);
		expect(node.story).toEqual([
			"join-started",
			"join-attempt",
			"join-failed join.interrupted",
			"join-reset",
			"join-attempt",
			"joined",
			"node-ready",
		]);
		expect(node.tokenSightings()).toEqual([]);
	});

	test("late: the kubelet finishes alone, and nothing is reset", async () => {
		await prepare(step.isKilledLate);
		await node.join([api.endpoint], {}, { graceMs: 20_000 });
		expect(node.calls.map((call) => call.split(" ")[0])).toEqual(["join"]);
		expect(node.events).toContainEqual(expect.objectContaining({ event: "joined", how: "byItself" }));
		expect(node.story.at(-1)).toBe("node-ready");
		expect(node.tokenSightings()).toEqual([]);
	});
});

describe("a token that is renewed", () => {
	const renewed = "abcdef.r3n4w5d6t7o8k9en";
	const failsUnless = (wanted: string) =>
		`case "$(cat $configuration)" in *${wanted.slice(0, 18)}*) ${step.joins};; *) ${failing("join.token-unknown")} ;; esac`;

	test("in lts.conf: it is read again after a failure that is about the token", async () => {
		await prepare(failing("join.token-unknown"), failsUnless(renewed));
		node.renewed = renewed;
		await node.join([api.endpoint]);
		expect(node.story.at(-1)).toBe("node-ready");
		expect(node.tokenSightings("r3n4w5d6t7o8k9en")).toEqual([]);
	});

	test("in the cluster: as soon as that knows the token the pause ends", async () => {
		await prepare(failing("join.token-unknown"), step.joins);
		api.tokens = ["abcdef.anothersecretabc"];
		const hour = 3_600_000;
		const patience = { firstPauseMs: hour, longestPauseMs: { soon: hour, growing: hour } };
		const joining = node.join([api.endpoint], {}, patience);
		const looks = () =>
			api.requests.filter((request) => request.includes("/cluster-info (anonymous)")).length;
		await node.until(() => looks() >= 2);
		expect(node.calls).toHaveLength(1);
		api.tokens.push(token);
		await joining;
		expect(node.story.at(-1)).toBe("node-ready");
	});

	test("in a file: it is read before every attempt, and in no other file afterwards", async () => {
		await prepare(failing("join.token-unknown"), failsUnless(renewed));
		const source = { from: "file", path: "/etc/token" } as const;
		const joining = node.join([api.endpoint], { token: source });
		await node.until(() => node.reasons.includes("token: /etc/token is not there"));
		node.write("/etc/token", "nonsense\n", 0o600);
		await node.until(() => node.reasons.includes("token: what /etc/token holds is no bootstrap token"));
		node.write("/etc/token", `${token}\n`, 0o600);
		await node.until(() => node.story.includes("join-failed join.token-unknown"));
		node.write("/etc/token", `${renewed}\n`, 0o600);
		await joining;
		expect(node.story.at(-1)).toBe("node-ready");
		expect(node.tokenSightings("r3n4w5d6t7o8k9en")).toEqual(["/etc/token"]);
		expect(node.read("/run/netherd/join/1.json")).toContain("{secret:join-token}");
	});
});

test("a token of the server: asked for before every attempt", async () => {
	await prepare(failing("join.token-unknown"), step.joins);
	let body: string | undefined;
	let requests = 0;
	const server = createHttpServer((request, response) => {
		requests += 1;
		response.writeHead(body === undefined || request.url !== "/token" ? 404 : 200).end(body);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/token`;
	const joining = node.join([api.endpoint], { token: { from: "server", url } });
	await node.until(() => node.reasons.includes(`token: ${url} is not there`));
	const before = requests;
	body = `${token}\n`;
	await joining;
	server.close();
	expect(requests - before).toBeGreaterThanOrEqual(2);
	expect(node.tokenSightings()).toEqual([]);
});

describe("a machine that has joined already", () => {
	test("runs no kubeadm", async () => {
		await prepare();
		node.becomeNode();
		await node.join([api.endpoint]);
		expect(node.calls).toEqual([]);
		expect(node.events).toContainEqual(expect.objectContaining({ event: "joined", how: "before" }));
		expect(node.story).toEqual(["join-started", "joined", "node-ready"]);
	});

	test("with a certificate that has ended it has not: it joins anew", async () => {
		await prepare(step.joins);
		const { certificate } = authority;
		node.prepareCredentials(api.endpoint, certificate, authority.node(nodeName, -3, -1));
		node.becomeNode();
		node.prepareCredentials(api.endpoint, certificate, authority.node(nodeName));
		await node.join([api.endpoint]);
		expect(node.calls.map((call) => call.split(" ")[0])).toEqual(["reset", "join"]);
	});

	test("under another name is an error, and nothing is reset", async () => {
		await prepare();
		node.prepareCredentials(api.endpoint, authority.certificate, authority.node("other"));
		node.becomeNode();
		await expect(node.join([api.endpoint])).rejects.toMatchObject({
			code: "join.other-name",
			message: expect.stringContaining('"other"'),
		});
		expect(node.calls).toEqual([]);
	});
});

test("the join is stopped in the middle of an attempt: kubeadm ends, and it says so", async () => {
	await prepare("sleep 1000");
	const joining = node.join([api.endpoint]);
	await node.until(() => node.calls.length > 0);
	node.controller.abort();
	await expect(joining).rejects.toMatchObject({ code: "join.stopped" });
	expect(node.story).toEqual(["join-started", "join-attempt", "join-interrupted"]);
});

async function listen(onConnection: (socket: Socket) => void) {
	const server = createServer((socket) => {
		socket.on("error", () => undefined).resume();
		onConnection(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : 0;
	return {
		endpoint: `127.0.0.1:${port}`,
		close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
	};
}
