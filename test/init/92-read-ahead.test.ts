import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { readAhead } from "../../agent/init/92-read-ahead.ts";
import { makeTestRoot, type NodeUnderTest, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const joins = "KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443";
const memory = (availableBytes: number) => ({ totalBytes: 4 * 1024 ** 3, availableBytes });
const enough = { memory: memory(1024 ** 3) };

test("the programs that a join starts, in their order, beside systemd", () => {
	expect(planText(readAhead, joins, enough)).toMatchInlineSnapshot(`
		"run           setsid --fork nice -n 19 /bin/sh -c 'exec >&0 2>&0; for program; do cat "$(command -v "$program")"; done | wc -c' sh containerd crio kubeadm kubelet
		  because KUBEADM_JOIN_ENDPOINT (lts.conf:2 [default])"
	`);
});

test.each<[string, string, NodeUnderTest]>([
	["no cluster is to be joined", "", enough],
	["memory is short", joins, { memory: memory(1024 ** 3 - 1) }],
	["nobody has looked how much memory there is", joins, {}],
	["the image stays on the server", `${joins}\nLTSP_NBD_TO_RAM = false`, enough],
	["the root came in the initramfs", joins, { ...enough, commandLine: "root=initramfs boot=netherd" }],
	["something else has mounted the root", joins, { ...enough, root: { mountedAt: "/" } }],
])("nothing where %s", (_, ltsConf, node) => {
	expect(planStep(readAhead, ltsConf, node)).toEqual([]);
});

test("on a real root: the step ends before the reading does, and what is not there is passed over", async () => {
	root = makeTestRoot(["/bin/sh", "/usr/bin/setsid", "/usr/bin/nice", "/usr/bin/wc", "/usr/bin/sleep"]);
	const program = (path: string, text: string) => {
		const file = join(root?.path ?? "", path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, text);
		chmodSync(file, 0o755);
	};
	// In the place of cat(1): waits until it may go on, 20 s at most, and says what it was asked for.
	program(
		"usr/bin/cat",
		'#!/bin/sh\ni=0\nuntil [ -e /go-on ] || [ $((i += 1)) = 400 ]; do sleep 0.05; done\necho "$1" >>/read\n',
	);
	program("usr/bin/kubelet", "");
	program("usr/local/bin/containerd", "");
	await root.run(readAhead, joins, enough);
	expect(existsSync(join(root.path, "read"))).toBe(false);

	writeFileSync(join(root.path, "go-on"), "");
	const all = "/usr/local/bin/containerd\n\n\n/usr/bin/kubelet\n";
	while (!existsSync(join(root.path, "read")) || root.read("read") !== all) await sleep(20);
});
