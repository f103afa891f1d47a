import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { release, writeBootTree, writeVersion } from "../support/boot-tree.ts";
import { CompanionProcess } from "../support/companion-process.ts";
import { startReader } from "../support/export-reader.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { serverAddress, TwoHosts } from "../support/two-hosts.ts";

const configuration = "[network]\ninterface = lan\n[dhcp]\nmode = off\n[image]\ndefault = node\n";

async function start() {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	await writeVersion(folder, { name: "storage", version: "7", sizeBytes: 123_456 });
	release(folder, { name: "storage", version: "7" });
	const hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	return { folder, hosts, companion };
}

const uri = (name: string) => `nbd://${serverAddress}/${name}`;

test("every image on one port, under its names; all others are refused", async () => {
	const { hosts, companion } = await start();
	await using _ = hosts;
	const sizeOf = async (name: string) => (await hosts.run("client", ["nbdinfo", "--size", uri(name)])).stdout;
	expect(await sizeOf("node")).toBe("300000");
	expect(await sizeOf("/node")).toBe("300000");
	expect(await sizeOf("storage")).toBe("123456");
	expect(await sizeOf("/node/1")).toBe("300000");
	expect(await sizeOf("/opt/ltsp/amd64")).toBe("300000");
	expect(await sizeOf("opt/ltsp/amd64")).toBe("300000");

	for (const name of [
		"",
		"other",
		"node@1",
		"//node",
		"node/2",
		"node/",
		"node/..",
		"node/1/image.squashfs",
		"../node",
		"opt/ltsp/i386",
		"image.squashfs",
	]) {
		const outcome = await hosts.run("client", ["nbdinfo", uri(name)]);
		expect(outcome.exitCode).not.toBe(0);
		await companion.event("nbd.refused", (event) => event.exportName === name);
	}
	expect(await companion.event("nbd.refused", ({ exportName }) => exportName === "other")).toMatchObject({
		level: "warn",
		client: "10.77.0.50",
		reason: "there is no such export; there are: node, storage",
	});

	const list = await hosts.run("client", ["nbdinfo", "--list", "--json", uri("")]);
	const names = JSON.parse(list.stdout).exports.map((one: { "export-name": string }) => one["export-name"]);
	expect(names.sort()).toEqual(["node@1", "storage@7"]);
});

test("the bytes are the file's, over several connections, and each is logged with its count", async () => {
	const { folder, hosts, companion } = await start();
	await using _ = hosts;
	const image = await writeVersion(folder, { name: "large", version: "1", sizeBytes: 40_000_000 });
	release(folder, { name: "large", version: "1" });
	const copy = join(folder, "copy");
	const outcome = await hosts.run("client", [
		...["nbdcopy", "--connections=2", "--threads=2", "--request-size=262144", uri("large"), copy],
	]);
	expect(outcome.stderr).toBe("");
	expect(readFileSync(copy).equals(image)).toBe(true);
	const bytes = () => {
		const events = companion.events.filter((event) => event.event === "nbd.closed");
		return events.reduce((sum, event) => sum + event.bytes, 0);
	};
	while (bytes() < image.length) await sleep(10);
	expect(companion.events.filter(({ event }) => event === "nbd.opened")).toHaveLength(2);
});

test("a new version is for new connections; a running download keeps its own", async () => {
	const { folder, hosts, companion } = await start();
	await using _ = hosts;
	const before = readFileSync(join(folder, "images/node/1/image.squashfs"));
	const reader = startReader(hosts, "client", "node");
	expect(await reader.read(0)).toBe(before.subarray(0, 4096).toString("hex"));

	const after = await writeVersion(folder, { name: "node", version: "2", sizeBytes: 200_000 });
	release(folder, { name: "node", version: "2" });
	rmSync(join(folder, "images/node/1"), { recursive: true });
	expect((await hosts.run("client", ["nbdinfo", "--size", uri("node")])).stdout).toBe("200000");
	expect(await reader.read(290_000 - 4096)).toBe(before.subarray(290_000 - 4096, 290_000).toString("hex"));
	const second = startReader(hosts, "client", "node");
	expect(await second.read(0)).toBe(after.subarray(0, 4096).toString("hex"));
	await companion.event("nbd.opened", ({ version }) => version === "2");
	reader.process.kill("SIGKILL");
	second.process.kill("SIGKILL");
});

test("a release that is broken or leads out is refused with the reason, and mended without a restart", async () => {
	const { folder, hosts, companion } = await start();
	await using _ = hosts;
	rmSync(join(folder, "images/storage/7/image.squashfs"));
	symlinkSync("/etc/passwd", join(folder, "images/storage/7/image.squashfs"));
	expect((await hosts.run("client", ["nbdinfo", uri("storage")])).exitCode).not.toBe(0);
	expect(
		await companion.event("companion.warning", ({ code }) => code === "server.path-leads-out"),
	).toMatchObject({
		message: expect.stringContaining("image.squashfs"),
	});
	await writeVersion(folder, { name: "storage", version: "8", sizeBytes: 77_777 });
	release(folder, { name: "storage", version: "8" });
	expect((await hosts.run("client", ["nbdinfo", "--size", uri("storage")])).stdout).toBe("77777");
});

test("clients that vanish in the middle of a download do not disturb the others", async () => {
	const { folder, hosts, companion } = await start();
	await using _ = hosts;
	const image = await writeVersion(folder, { name: "large", version: "1", sizeBytes: 50_000_000 });
	release(folder, { name: "large", version: "1" });
	const patient = hosts.run("client", ["nbdcopy", "--connections=1", uri("large"), join(folder, "copy")]);
	for (let round = 0; round < 5; round++) {
		const opened = companion.events.length;
		const [file, ...args] = hosts.argv("client", ["nbdcopy", "--connections=4", uri("large"), "null:"]);
		const impatient = spawn(file, args, { stdio: "ignore" });
		while (!companion.events.slice(opened).some(({ event }) => event === "nbd.opened")) await sleep(1);
		const ended = once(impatient, "exit");
		impatient.kill("SIGKILL");
		await ended;
	}
	expect((await patient).stderr).toBe("");
	expect(readFileSync(join(folder, "copy")).equals(image)).toBe(true);
	expect(companion.events.filter(({ event }) => event === "service.died")).toEqual([]);
});

test("when nbdkit is killed its clients are cut off, and served when they come again", async () => {
	const { hosts, companion } = await start();
	await using _ = hosts;
	const reader = startReader(hosts, "client", "node");
	await reader.read(0);
	const { pid } = await companion.event("service.started", ({ service }) => service === "nbdkit");
	process.kill(pid, "SIGKILL");
	await companion.event("nbd.closed");
	// At once, while nbdkit is not back yet: the relay waits for it.
	expect((await hosts.run("client", ["nbdinfo", "--size", uri("node")])).stdout).toBe("300000");
	reader.process.kill("SIGKILL");
});
