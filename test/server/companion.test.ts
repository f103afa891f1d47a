import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { writeBootTree } from "./support/boot-tree.ts";
import { CompanionProcess } from "./support/companion-process.ts";
import { askForLease } from "./support/dhcp-client.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { clientAddress, clientMac, serverAddress, TwoHosts } from "./support/two-hosts.ts";

const configuration = `
[network]
interface = lan
[dhcp]
range = 10.77.0.100 - 10.77.0.200
dns = 10.77.0.9
domain = rack.example
`;
/** With a fixed address the first answer comes without dnsmasq's check of 3 s. */
const withHost = `${configuration}[hosts]\n${clientMac} = 10.77.0.11, node1\n`;

async function bootTree(): Promise<string> {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	return folder;
}

test("a machine finds all that it needs to boot, and each thing that it does is one line", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, withHost);
	const ready = await companion.event("companion.ready");
	expect(ready).toMatchObject({
		level: "info",
		http: "http://10.77.0.1:80",
		nbd: "nbd://10.77.0.1:10809",
		tftp: "tftp://10.77.0.1",
		dhcp: "server",
		images: ["node"],
	});

	expect(await askForLease(hosts, { architecture: 0 })).toMatchObject({
		ip: "10.77.0.11",
		siaddr: serverAddress,
		boot_file: "undionly.kpxe",
		dns: "10.77.0.9",
		domain: "rack.example",
		lease: "43200",
	});
	expect(await askForLease(hosts, { architecture: 7 })).toMatchObject({ boot_file: "snponly.efi" });
	expect(await askForLease(hosts, { architecture: 9 })).toMatchObject({ boot_file: "snponly.efi" });
	expect(await askForLease(hosts, { architecture: 16, isHttpBoot: true })).toMatchObject({
		boot_file: "http://10.77.0.1:80/loader/snponly.efi",
		vendor: "HTTPClient",
	});
	const ipxe = await askForLease(hosts, { architecture: 7, isIpxe: true });
	expect(ipxe.boot_file).toBe("http://10.77.0.1:80/boot.ipxe");
	expect(ipxe.router).toBeUndefined();
	// no-pxedhcp = 1
	expect(ipxe.opt175).toMatch(/^b00101/);
	expect(await companion.event("dhcp.ack")).toMatchObject({
		mac: clientMac,
		address: "10.77.0.11",
		hostname: "node1",
		bootFile: "undionly.kpxe",
		message: "ack 10.77.0.11 to 52:54:00:00:00:01 (node1), boot file undionly.kpxe",
	});

	const loader = await hosts.run("client", ["curl", "-sS", `tftp://${serverAddress}/snponly.efi`]);
	expect(loader.stdout).toBe("loader for UEFI");
	expect(await companion.event("tftp.sent")).toMatchObject({ file: "snponly.efi", client: clientAddress });
	const nothing = await hosts.run("client", ["curl", "-sS", `tftp://${serverAddress}/other`]);
	expect(nothing.exitCode).not.toBe(0);
	expect(await companion.event("tftp.missing")).toMatchObject({ file: "other", level: "warn" });

	const script = await hosts.run("client", ["curl", "-sS", `http://${serverAddress}/boot.ipxe`]);
	const kernel = /^kernel (\S+)/m.exec(script.stdout)?.[1] ?? "";
	expect((await hosts.run("client", ["curl", "-sS", kernel])).stdout).toBe("kernel 1");
	expect(await companion.event("http.request", ({ path }) => path.endsWith("/vmlinuz"))).toMatchObject({
		client: clientAddress,
		method: "GET",
		status: 200,
		bytes: 8,
		complete: true,
	});

	const size = await hosts.run("client", ["nbdinfo", "--size", `nbd://${serverAddress}/node`]);
	expect(size.stdout).toBe("300000");
	expect(await companion.event("nbd.closed")).toMatchObject({ exportName: "node" });

	const report = '{"stage":"join","state":"ready"}';
	await hosts.run("client", ["curl", "-sS", "-d", report, `http://${serverAddress}/events`]);
	expect(await companion.event("node.report")).toMatchObject({
		client: clientAddress,
		report: { stage: "join", state: "ready" },
	});
});

test("without NBD: no child for it, no port, and a boot script that names no export", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, `${configuration}\n[nbd]\nserve = no\n`);
	const ready = await companion.event("companion.ready");
	expect(ready).not.toHaveProperty("nbd");
	const { stdout } = await hosts.run("client", ["curl", "-sS", `http://${serverAddress}/boot.ipxe`]);
	expect(stdout).toContain(" root=/dev/nbd0 boot=netherd netherd.server=");
	const health = await hosts.run("client", ["curl", "-sS", `http://${serverAddress}/health`]);
	expect(Object.keys(JSON.parse(health.stdout).services).sort()).toEqual(["dhcp", "tftp"]);
	const size = await hosts.run("client", ["nbdinfo", "--size", `nbd://${serverAddress}/node`]);
	expect(size.stderr).toContain("refused");
});

test("iPXE's router solicitation is answered, without offering a route", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	const { stdout, stderr } = await hosts.run("client", ["rdisc6", "-1", "-r", "10", "-w", "1000", "lan"]);
	expect(stderr).toBe("");
	expect(stdout).toMatch(/Router lifetime\s*:\s*0 /);
	expect(stdout).toMatch(/Prefix\s*:\s*fd67::\/64/);
});

test("a restart forgets nothing that matters: the same machine gets the same address", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const first = new CompanionProcess(hosts, folder, configuration);
	await first.event("companion.ready");
	const before = await askForLease(hosts);
	await first.end("SIGKILL");
	await noProcesses(hosts);
	const second = new CompanionProcess(hosts, folder, configuration);
	await second.event("companion.ready");
	const after = await askForLease(hosts);
	expect(after.ip).toBe(before.ip);
});

test("a killed companion's folder goes when the next one starts", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const first = new CompanionProcess(hosts, folder, configuration);
	await first.event("companion.ready");
	const leftover = await runFolder(first);
	await first.end("SIGKILL");
	await noProcesses(hosts);
	const second = new CompanionProcess(hosts, folder, configuration);
	await second.event("companion.ready");
	expect(existsSync(leftover)).toBe(false);
	expect(existsSync(await runFolder(second))).toBe(true);
	await second.end("SIGTERM");
});

test("a child that is killed comes back and serves", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, withHost);
	await companion.event("companion.ready");
	for (const name of ["nbdkit", "tftp", "dhcp"]) {
		const { pid } = await companion.event("service.started", ({ service }) => service === name);
		process.kill(pid, "SIGKILL");
		expect(await companion.event("service.died", ({ service }) => service === name)).toMatchObject({
			level: "error",
			reason: "killed by SIGKILL",
			restartInMs: 250,
		});
		await companion.event("service.restarted", ({ service }) => service === name);
	}
	expect((await hosts.run("client", ["nbdinfo", "--size", `nbd://${serverAddress}/node`])).stdout).toBe(
		"300000",
	);
	expect(await askForLease(hosts)).toMatchObject({ ip: "10.77.0.11" });
	const health = await hosts.run("client", ["curl", "-sS", `http://${serverAddress}/health`]);
	expect(JSON.parse(health.stdout)).toEqual({
		status: "ok",
		services: {
			nbdkit: { state: "running", restarts: 1 },
			tftp: { state: "running", restarts: 1 },
			dhcp: { state: "running", restarts: 1 },
		},
	});
});

test.each([
	["tftp", ["net_bind_service"]],
	["dhcp", ["net_admin", "net_bind_service", "net_raw"]],
])("the dnsmasq for %s is nobody, with the capabilities %j", async (name, capabilities) => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	const { pid } = await companion.event("service.started", ({ service }) => service === name);
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	expect(status).toMatch(/^Uid:\s65534\s65534\s65534\s65534$/m);
	const bits = { net_bind_service: 10, net_admin: 12, net_raw: 13 } as Readonly<Record<string, number>>;
	const mask = capabilities.reduce((sum, capability) => sum + 2 ** (bits[capability] ?? 0), 0);
	expect(status).toContain(`CapBnd:\t${mask.toString(16).padStart(16, "0")}`);
	expect(status).toMatch(/^NoNewPrivs:\s1$/m);
});

test("SIGTERM ends it and everything of it", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	expect(hosts.processes("server")).toHaveLength(4);
	const folderOfChildren = await runFolder(companion);
	expect(existsSync(folderOfChildren)).toBe(true);
	expect(await companion.end("SIGTERM")).toBe(0);
	expect(hosts.processes("server")).toEqual([]);
	expect(companion.events.at(-1)).toMatchObject({ event: "companion.stopped" });
	expect(companion.stderr).toBe("");
	expect(existsSync(folderOfChildren)).toBe(false);
});

test("SIGKILL ends everything of it too", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	const remains = await runFolder(companion);
	expect(await companion.end("SIGKILL")).toBe("SIGKILL");
	await noProcesses(hosts);
	// A companion that is killed cannot tidy up; this test can.
	rmSync(remains, { recursive: true, force: true });
});

test("SIGTERM during the start leaves nothing either", async () => {
	const folder = await bootTree();
	await using hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("service.started", ({ service }) => service === "nbdkit");
	expect(await companion.end("SIGTERM")).toBe(0);
	expect(hosts.processes("server")).toEqual([]);
});

/** Waits for the kernel to end what has to end; a process that stays keeps this from returning. */
async function noProcesses(hosts: TwoHosts): Promise<void> {
	while (hosts.processes("server").length > 0) await sleep(10);
}

/** The temporary folder of a running companion, as nbdkit's command line has it. */
async function runFolder(companion: CompanionProcess): Promise<string> {
	const { pid } = await companion.event("service.started", ({ service }) => service === "nbdkit");
	const [, socket = ""] = /--unix=([^\0]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? [];
	return dirname(socket);
}
