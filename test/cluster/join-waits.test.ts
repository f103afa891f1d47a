import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { startApiServer } from "./support/api-server.ts";
import { clusterOfTest, failing } from "./support/cluster.ts";
import { startRuntime } from "./support/container-runtime.ts";
import { step } from "./support/node.ts";

const cluster = clusterOfTest();

describe("waiting", () => {
	test("for a container runtime that is not there, does not listen, then does", async () => {
		await cluster.prepare(step.joins);
		await cluster.runtime?.close();
		const joining = cluster.node.join([cluster.api.endpoint]);
		await cluster.node.until(() =>
			cluster.node.reasons.some((reason) => /no such socket|nobody listens/.test(reason)),
		);
		cluster.runtime = await startRuntime(cluster.node.runtimeSocket, ["runtime.v1alpha2"]);
		await joining;
		expect(cluster.node.events).toContainEqual(
			expect.objectContaining({
				event: "join-found",
				what: "a container runtime at /run/containerd/containerd.sock answers",
			}),
		);
		// Who listens is not asked what it can before kubeadm has complained.
		expect(cluster.runtime.calls).toEqual([]);
		expect(cluster.node.calls).toHaveLength(1);
	});

	test("for a container runtime that kubeadm does not like: it is asked itself, and says why", async () => {
		await cluster.prepare(failing("join.runtime-down"), step.joins);
		await cluster.runtime?.close();
		const bare = await startRuntime(cluster.node.runtimeSocket, []);
		const joining = cluster.node.join([cluster.api.endpoint]);
		await cluster.node.until(() =>
			cluster.node.reasons.some((reason) => /without CRI.*disabled_plugins/.test(reason)),
		);
		await bare.close();
		cluster.runtime = await startRuntime(cluster.node.runtimeSocket, ["runtime.v1alpha2"]);
		await joining;
		expect(cluster.node.events).toContainEqual(
			expect.objectContaining({
				event: "join-found",
				what: "containerd 1.6.20~ds1 at /run/containerd/containerd.sock answers",
			}),
		);
		expect(cluster.node.calls).toHaveLength(2);
	});

	test("for an API server that refuses, that is starting, then answers; no attempt is made before", async () => {
		await cluster.prepare(step.joins);
		const port = Number(cluster.api.endpoint.split(":")[1]);
		await cluster.api.close();
		const joining = cluster.node.join([cluster.api.endpoint]);
		await cluster.node.until(() =>
			cluster.node.reasons.includes(`API server: ${cluster.api.endpoint}: connection refused`),
		);
		const nodes = cluster.api.nodes;
		cluster.api = await startApiServer(cluster.authority, port);
		cluster.api.readyStatus = 500;
		for (const [name, value] of nodes) cluster.api.nodes.set(name, value);
		await cluster.node.until(() =>
			cluster.node.reasons.includes(`API server: ${cluster.api.endpoint}: it says 500: not ready yet`),
		);
		expect(cluster.node.calls).toEqual([]);
		cluster.api.readyStatus = 200;
		await joining;
		expect(cluster.node.calls).toHaveLength(1);
	});

	test("something that does not speak TLS, and something that closes, are told apart", async () => {
		await cluster.prepare(step.joins);
		const [text, closing] = [await listen((s) => s.end("220 smtp\r\n")), await listen((s) => s.destroy())];
		const joining = cluster.node.join([text.endpoint, closing.endpoint]).catch(() => undefined);
		await cluster.node.until(() => cluster.node.reasons.length > 0);
		cluster.node.controller.abort();
		await joining;
		await Promise.all([text.close(), closing.close()]);
		expect(cluster.node.reasons[0]).toBe(
			`API server: ${text.endpoint}: what listens there does not speak TLS; ${closing.endpoint}: the connection was closed`,
		);
	});

	test("KUBEADM_JOIN_TIMEOUT ends it, and says what it waited for", async () => {
		await cluster.prepare(step.joins);
		await cluster.runtime?.close();
		await expect(cluster.node.join([cluster.api.endpoint], { timeoutMs: 1_500 })).rejects.toMatchObject({
			code: "join.timeout",
			message: expect.stringMatching(/1\.5 s: no container runtime: .*containerd\.sock: /),
		});
		expect(cluster.node.story).toEqual(["join-started", "join-given-up"]);
		expect(cluster.node.calls).toEqual([]);
	});
});

describe("several endpoints", () => {
	test("one that does not answer is passed over", async () => {
		await cluster.prepare(step.joins);
		const other = await startApiServer(cluster.authority);
		await other.close();
		await cluster.node.join([other.endpoint, cluster.api.endpoint]);
		expect(cluster.node.calls).toEqual(["join --config /run/netherd/join/2.json"]);
	});

	test("after a failure of one the other has its turn", async () => {
		await cluster.prepare(failing("join.api-silent"), step.joins);
		const other = await startApiServer(cluster.authority);
		await cluster.node.join([other.endpoint, cluster.api.endpoint]);
		await other.close();
		expect(cluster.node.calls).toEqual([
			"join --config /run/netherd/join/1.json",
			"join --config /run/netherd/join/2.json",
		]);
	});

	test("one of another cluster does not end the join, while the other is right", async () => {
		await cluster.prepare(failing("join.ca-mismatch"), failing("join.api-silent"), step.joins);
		const other = await startApiServer(cluster.authority);
		await cluster.node.join([other.endpoint, cluster.api.endpoint]);
		await other.close();
		expect(cluster.node.calls).toEqual([1, 2, 2].map((at) => `join --config /run/netherd/join/${at}.json`));
	});

	test("when all of them are wrong it ends", async () => {
		await cluster.prepare(failing("join.ca-mismatch"), failing("join.ca-mismatch"));
		const other = await startApiServer(cluster.authority);
		await expect(cluster.node.join([other.endpoint, cluster.api.endpoint])).rejects.toMatchObject({
			code: "join.ca-mismatch",
		});
		await other.close();
		expect(cluster.node.story.filter((each) => each.startsWith("join-failed"))).toHaveLength(2);
	});
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
