import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";
import { ControlPlane } from "../../vm-tests/kubernetes/control-plane.ts";
import { kubernetesPrograms } from "../../vm-tests/kubernetes/programs.ts";
import { Farm } from "../../vm-tests/lib/farm.ts";
import type { Deployment } from "./support/deployment.ts";
import { buildRenderer, renderChart } from "./support/render-chart.ts";

/*
 * A real API server and controller manager take the objects, and make a pod of them. Nothing runs it: this cluster has no
 * machine.
 */

let farm: Farm;
let cluster: ControlPlane;

beforeAll(async () => {
	const say = (line: string) => console.error(line);
	await buildRenderer();
	const programs = await kubernetesPrograms(say);
	farm = new Farm();
	cluster = await ControlPlane.create(farm, programs, join(farm.folder, "logs"));
	await cluster.start();
}, 1_800_000);

afterAll(() => farm?.[Symbol.dispose]());

interface Pod {
	readonly metadata: { readonly name: string };
	readonly spec: Deployment["spec"]["template"]["spec"] & { readonly hostNetwork?: boolean };
	readonly status: { readonly phase: string };
}

/** The only pod of a namespace, when it is there. */
async function podOf(namespace: string): Promise<Pod> {
	for (;;) {
		const { items } = JSON.parse(
			await cluster.kubectl(`--namespace=${namespace}`, "get", "pods", "--output=json"),
		);
		if (items.length > 0) {
			expect(items).toHaveLength(1);
			return items[0];
		}
		await sleep(200);
	}
}

test("the plain manifests, in the order of their names", async () => {
	const said = await cluster.kubectl("apply", `--filename=${join(repository, "deploy/kubernetes")}`);
	expect(said.split("\n")).toEqual([
		"namespace/netherd created",
		"configmap/netherd-companion created",
		"deployment.apps/netherd-companion created",
	]);
	const pod = await podOf("netherd");
	expect(pod.metadata.name).toMatch(/^netherd-companion-/);
	expect(pod.status.phase).toBe("Pending");
	expect(pod.spec.hostNetwork).toBe(true);
	const [container] = pod.spec.containers;
	expect(container?.securityContext).toEqual({
		runAsUser: 0,
		runAsGroup: 0,
		readOnlyRootFilesystem: true,
		allowPrivilegeEscalation: false,
		capabilities: {
			drop: ["ALL"],
			add: ["KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_ADMIN", "NET_RAW"],
		},
	});
	expect(pod.spec.volumes.find(({ name }) => name === "signing-key")?.secret).toEqual({
		secretName: "netherd-signing-key",
		defaultMode: 0o400,
		optional: true,
	});
	const again = await cluster.kubectl("apply", `--filename=${join(repository, "deploy/kubernetes")}`);
	expect(again).not.toMatch(/created|configured/);
});

test("the chart", async () => {
	const namespace = "boot";
	await cluster.kubectl("create", "namespace", namespace);
	const items = await renderChart(
		{
			network: { interface: "eth1", address: "10.20.0.1" },
			signingKey: { pem: "KEY\n" },
			joinToken: { existingSecret: "join" },
			ltsConf: "[default]\nTIMEZONE = Etc/UTC\n",
			imagesVolume: { hostPath: { path: "/srv/netherd/images" } },
		},
		{ release: "rack7", namespace },
	);
	const folder = join(farm.folder, "chart");
	mkdirSync(folder);
	writeFileSync(join(folder, "list.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
	const said = await cluster.kubectl("apply", `--filename=${folder}/list.json`);
	expect(said.split("\n").sort()).toEqual([
		"configmap/rack7-netherd-companion created",
		"deployment.apps/rack7-netherd-companion created",
		"secret/rack7-netherd-companion-signing-key created",
	]);
	expect((await podOf(namespace)).spec.volumes.map(({ name }) => name)).toEqual([
		"farm",
		"signing-key",
		"join-token",
		"images",
		"tmp",
	]);
});

test("and a Deployment that makes no sense is refused, so this test can fail", async () => {
	const namespace = "nonsense";
	await cluster.kubectl("create", "namespace", namespace);
	const items = await renderChart(
		{ network: { interface: "eth1", address: "10.20.0.1" }, http: { port: 99999 } },
		{ release: "netherd", namespace },
	);
	writeFileSync(
		join(farm.folder, "wrong.json"),
		JSON.stringify({
			apiVersion: "v1",
			kind: "List",
			items: items.filter(({ kind }) => kind === "Deployment"),
		}),
	);
	await expect(cluster.kubectl("apply", `--filename=${farm.folder}/wrong.json`)).rejects.toThrow(
		/httpGet\.port: Invalid value: 99999/,
	);
});
