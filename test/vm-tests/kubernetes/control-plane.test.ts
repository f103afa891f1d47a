import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ControlPlane } from "../../../vm-tests/kubernetes/control-plane.ts";
import { kubernetesPrograms } from "../../../vm-tests/kubernetes/programs.ts";
import { Farm } from "../../../vm-tests/lib/farm.ts";
import { processIds } from "../../../vm-tests/lib/network-namespace.ts";

const logs = mkdtempSync(join(tmpdir(), "netherd-control-plane-"));
let farm: Farm;
let controlPlane: ControlPlane;

beforeAll(async () => {
	const programs = await kubernetesPrograms((line) => process.stderr.write(`${line}\n`));
	farm = new Farm();
	controlPlane = await ControlPlane.create(farm, programs, logs);
	await controlPlane.start();
}, 1_800_000);

afterAll(() => {
	farm[Symbol.dispose]();
	rmSync(logs, { recursive: true });
});

// One cluster for all of them, and its end comes last.
describe("a control plane", { shuffle: false }, () => {
	test("the API server is healthy, and the cluster has no node", async () => {
		expect(await controlPlane.kubectl("get", "--raw=/healthz")).toBe("ok");
		expect(await controlPlane.kubectl("get", "node", "--output=name")).toBe("");
	});

	test("what a joining node reads is there: cluster-info, kubeadm's and the kubelet's configuration", async () => {
		const clusterInfo = await controlPlane.kubectl(
			"-n",
			"kube-public",
			"get",
			"configmap",
			"cluster-info",
			"-o",
			"yaml",
		);
		expect(clusterInfo).toContain(`server: https://${controlPlane.endpoint}`);
		const names = await controlPlane.kubectl("-n", "kube-system", "get", "configmap", "-o", "name");
		expect(names).toMatch(/kubeadm-config[\s\S]*kubelet-config/);
		expect(controlPlane.caCertHash).toMatch(/^sha256:[0-9a-f]{64}$/);
	});

	test("a token is good, expires, and is good again once it is renewed", async () => {
		expect(await controlPlane.isSigned(controlPlane.token)).toBe(true);
		const token = await controlPlane.createExpiredToken();
		expect(await controlPlane.isSigned(token)).toBe(false);
		await controlPlane.createToken(token, { timeToLiveSeconds: 600 });
		expect(await controlPlane.isSigned(token)).toBe(true);
	});

	test("the API server stops and comes back with what it knew", async () => {
		await controlPlane.stopApiServer();
		expect(await controlPlane.isHealthy()).toBe(false);
		await expect(controlPlane.kubectl("get", "node")).rejects.toMatchObject({
			code: "kubernetes.program-failed",
		});
		await controlPlane.startApiServer();
		expect(await controlPlane.isSigned(controlPlane.token)).toBe(true);
	});

	test("everything ends with the farm", async () => {
		const ids = processIds(farm.namespace);
		expect(ids.length).toBeGreaterThanOrEqual(3);
		farm[Symbol.dispose]();
		await expect.poll(() => ids.filter((id) => existsSync(`/proc/${id}`))).toEqual([]);
	});
});
