import { createHash, X509Certificate } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { describe, expect, test } from "vitest";
import type { Authority } from "./support/certificates.ts";
import { clusterOfTest, failing } from "./support/cluster.ts";
import { textOf } from "./support/kubeadm-texts.ts";
import { nodeName, step, token } from "./support/node.ts";

const cluster = clusterOfTest();

describe("a name that is still Ready", () => {
	const late = step.failsLate(textOf("join.name-ready").text);
	const asked = () =>
		cluster.api.requests.filter(
			(request) => request === `GET /api/v1/nodes/${nodeName} (system:bootstrap:abcdef)`,
		).length;

	test("kubeadm is not run again before the cluster has noticed", async () => {
		await cluster.prepare(late, step.joins);
		cluster.api.tokens = [token];
		const joining = cluster.node.join([cluster.api.endpoint], { caCertHashes: [pinOf(cluster.authority)] });
		await cluster.node.until(() => asked() >= 2);
		expect(cluster.node.reasons).toContain(`name: the cluster still takes the old ${nodeName} for Ready`);
		expect(cluster.node.calls.filter((call) => call.startsWith("join"))).toHaveLength(1);
		const old = cluster.api.nodes.get(nodeName);
		cluster.api.nodes.delete(nodeName);
		await cluster.node.until(() => cluster.node.calls.filter((call) => call.startsWith("join")).length === 2);
		if (old !== undefined) cluster.api.nodes.set(nodeName, old);
		await joining;
		expect(cluster.node.tokenSightings()).toEqual([]);
	});

	test("the token is not sent to one whose CA is not pinned: kubeadm is asked instead", async () => {
		await cluster.prepare(late, step.joins);
		cluster.api.tokens = [token];
		await cluster.node.join([cluster.api.endpoint], { caCertHashes: [`sha256:${"0".repeat(64)}`] });
		expect(asked()).toBe(0);
		expect(cluster.node.story.at(-1)).toBe("node-ready");
	});
});

describe("a token that is renewed", () => {
	const renewed = "abcdef.r3n4w5d6t7o8k9en";
	const failsUnless = (wanted: string) =>
		`case "$(cat $configuration)" in *${wanted.slice(0, 18)}*) ${step.joins};; *) ${failing("join.token-unknown")} ;; esac`;

	test("in lts.conf: it is read again after a failure that is about the token", async () => {
		await cluster.prepare(failing("join.token-unknown"), failsUnless(renewed));
		cluster.node.renewed = renewed;
		await cluster.node.join([cluster.api.endpoint]);
		expect(cluster.node.story.at(-1)).toBe("node-ready");
		expect(cluster.node.tokenSightings("r3n4w5d6t7o8k9en")).toEqual([]);
	});

	test("in the cluster: as soon as that knows the token the pause ends", async () => {
		await cluster.prepare(failing("join.token-unknown"), step.joins);
		cluster.api.tokens = ["abcdef.anothersecretabc"];
		const hour = 3_600_000;
		const patience = { firstPauseMs: hour, longestPauseMs: { soon: hour, growing: hour } };
		const joining = cluster.node.join([cluster.api.endpoint], {}, patience);
		const looks = () =>
			cluster.api.requests.filter((request) => request.includes("/cluster-info (anonymous)")).length;
		await cluster.node.until(() => looks() >= 2);
		expect(cluster.node.calls).toHaveLength(1);
		cluster.api.tokens.push(token);
		await joining;
		expect(cluster.node.story.at(-1)).toBe("node-ready");
	});

	test("in a file: it is read before every attempt, and in no other file afterwards", async () => {
		await cluster.prepare(failing("join.token-unknown"), failsUnless(renewed));
		const source = { from: "file", path: "/etc/token" } as const;
		const joining = cluster.node.join([cluster.api.endpoint], { token: source });
		await cluster.node.until(() => cluster.node.reasons.includes("token: /etc/token is not there"));
		cluster.node.write("/etc/token", "nonsense\n", 0o600);
		await cluster.node.until(() =>
			cluster.node.reasons.includes("token: what /etc/token holds is no bootstrap token"),
		);
		cluster.node.write("/etc/token", `${token}\n`, 0o600);
		await cluster.node.until(() => cluster.node.story.includes("join-failed join.token-unknown"));
		cluster.node.write("/etc/token", `${renewed}\n`, 0o600);
		await joining;
		expect(cluster.node.story.at(-1)).toBe("node-ready");
		expect(cluster.node.tokenSightings("r3n4w5d6t7o8k9en")).toEqual(["/etc/token"]);
		expect(cluster.node.read("/run/netherd/join/1.json")).toContain("{secret:join-token}");
	});
});

test("a token of the server: asked for before every attempt", async () => {
	await cluster.prepare(failing("join.token-unknown"), step.joins);
	let body: string | undefined;
	let requests = 0;
	const server = createHttpServer((request, response) => {
		requests += 1;
		response.writeHead(body === undefined || request.url !== "/token" ? 404 : 200).end(body);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/token`;
	const joining = cluster.node.join([cluster.api.endpoint], { token: { from: "server", url } });
	await cluster.node.until(() => cluster.node.reasons.includes(`token: ${url} is not there`));
	const before = requests;
	body = `${token}\n`;
	await joining;
	server.close();
	expect(requests - before).toBeGreaterThanOrEqual(2);
	expect(cluster.node.tokenSightings()).toEqual([]);
});

/** As kubeadm writes it: over the public key of the CA. */
function pinOf({ certificate }: Authority): string {
	const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
	return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
