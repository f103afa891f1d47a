import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kubernetesPrograms, programNames, programsVariable } from "../../../vm-tests/kubernetes/programs.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-programs-"));
	process.env[programsVariable] = folder;
});
afterEach(() => {
	delete process.env[programsVariable];
	rmSync(folder, { recursive: true });
});

test("a folder without all of the programs is an error that names those that are missing", async () => {
	writeFileSync(join(folder, "kubeadm"), "");
	await expect(kubernetesPrograms(() => {})).rejects.toMatchObject({
		code: "kubernetes.program-missing",
		message: expect.stringContaining("has no kubelet, kubectl, kube-apiserver, kube-controller-manager"),
	});
});

test("programs that are given are used, of the version that kubeadm says; another kubelet is another key", async () => {
	for (const name of programNames) {
		writeFileSync(join(folder, name), "#!/bin/sh\necho v1.33.1\n");
		chmodSync(join(folder, name), 0o755);
	}
	const first = await kubernetesPrograms(() => {});
	expect(first).toMatchObject({ version: "v1.33.1", kubeadm: join(folder, "kubeadm") });
	writeFileSync(join(folder, "kubelet"), "#!/bin/sh\necho another\n");
	expect((await kubernetesPrograms(() => {})).key).not.toBe(first.key);
});
