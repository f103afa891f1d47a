import { afterEach, beforeEach } from "vitest";
import { type ApiServerOfTest, startApiServer } from "./api-server.ts";
import { type Authority, makeAuthority } from "./certificates.ts";
import { type RuntimeOfTest, startRuntime } from "./container-runtime.ts";
import { textOf } from "./kubeadm-texts.ts";
import { bootId, NodeUnderTest, nodeName, type Step, step } from "./node.ts";

/** What the tests of the join have in common: an API server, a container runtime and a node, new for each test. */
export class ClusterOfTest {
	readonly authority: Authority = makeAuthority();
	runtime: RuntimeOfTest | undefined;
	#api: ApiServerOfTest | undefined;
	#node: NodeUnderTest | undefined;

	get api(): ApiServerOfTest {
		if (this.#api === undefined) throw new Error("no API server was started");
		return this.#api;
	}

	set api(api: ApiServerOfTest) {
		this.#api = api;
	}

	get node(): NodeUnderTest {
		if (this.#node === undefined) throw new Error("no node was prepared");
		return this.#node;
	}

	/** A node with a runtime that answers, registered and Ready as soon as it has joined. */
	async prepare(...steps: Step[]): Promise<NodeUnderTest> {
		this.#node = new NodeUnderTest(steps);
		this.runtime = await startRuntime(this.node.runtimeSocket);
		this.api.nodes.set(nodeName, { labels: {}, taints: [], isReady: true, bootId });
		this.node.prepareCredentials(
			this.api.endpoint,
			this.authority.certificate,
			this.authority.node(nodeName),
		);
		return this.node;
	}
}

/** Registers what comes before and after each test of a file. */
export function clusterOfTest(): ClusterOfTest {
	const cluster = new ClusterOfTest();
	beforeEach(async () => {
		cluster.api = await startApiServer(cluster.authority);
	});
	afterEach(async () => {
		await cluster.runtime?.close();
		cluster.runtime = undefined;
		await cluster.api.close();
		cluster.node.remove();
	});
	return cluster;
}

/** A kubeadm that fails in discovery with the text of this code. */
export function failing(code: string): Step {
	return step.fails(textOf(code).text, textOf(code).exitCode);
}
